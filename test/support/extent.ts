const isFull = process.env["TEST_FULL"] === "true"

/**
 * How far the tests go that could go on for hours. `npm test` takes a short part of each, the same every time;
 * `npm run test:full` takes all of it, by TEST_FULL=true.
 */
export const EXTENT = isFull
  ? {
      isFull,
      modelRuns: 1_000,
      stripeModelRuns: 240,
      /** One of so many boundaries, use cases or orders of webhooks. */
      crashStride: 1,
      orderStride: 1,
      repeatedDeliveries: 1_000,
      kills: 20,
    }
  : {
      isFull,
      modelRuns: 24,
      stripeModelRuns: 8,
      crashStride: 6,
      orderStride: 7,
      repeatedDeliveries: 100,
      kills: 4,
    }

/** One of so many, the first of them always. */
export function everyNth<T>(items: readonly T[], stride: number): T[] {
  return items.filter((_, index) => index % stride === 0)
}
