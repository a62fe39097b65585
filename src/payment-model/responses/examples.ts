/** Values that the examples of the API document share, so that they tell one story. */
export const EXAMPLE = {
  collectionId: "pay_col_01M81ZBVX6BHV83Q1RCZ2434AT",
  sessionId: "payses_01M81ZC0D4Q7N6K6Y8W3Z1T9RB",
  paymentId: "pay_01M81ZC4XJ8R5V2M0P7S6H3QEF",
  captureId: "capt_01M81ZC9A2B4C6D8E0F1G3H5J7",
  refundId: "ref_01M81ZCEK9M1N3P5Q7R9S1T3V5",
  reasonId: "refr_01M81ZCJW7X9Y1Z3A5B7C9D1E3",
  providerId: "pp_system_default",
  keyId: "apk_01M81YZ0T1S2R3Q4P5N6M7K8J9",
  cartId: "cart_demo_1",
  regionId: "reg_demo",
  time: "2026-11-22T10:15:30.000Z",
} as const
