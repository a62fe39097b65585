import { Initial1795392000000 } from "./1795392000000-initial.js"
import { SeedRefundReasons1795395600000 } from "./1795395600000-seed-refund-reasons.js"
import { OperationsEventsIdempotency1795399200000 } from "./1795399200000-operations-events-idempotency.js"
import { WebhooksDisputesAccountHolders1795402800000 } from "./1795402800000-webhooks-disputes-account-holders.js"
import { Leases1795406400000 } from "./1795406400000-leases.js"
import { AcceptedOperations1795410000000 } from "./1795410000000-accepted-operations.js"
import { OutgrownCollectionsCartOrders1795413600000 } from "./1795413600000-outgrown-collections-cart-orders.js"
import { ProviderStates1795417200000 } from "./1795417200000-provider-states.js"
import { ResolvedOperations1795420800000 } from "./1795420800000-resolved-operations.js"

/** In the order in which they run. */
export const migrations = [
  Initial1795392000000,
  SeedRefundReasons1795395600000,
  OperationsEventsIdempotency1795399200000,
  WebhooksDisputesAccountHolders1795402800000,
  Leases1795406400000,
  AcceptedOperations1795410000000,
  OutgrownCollectionsCartOrders1795413600000,
  ProviderStates1795417200000,
  ResolvedOperations1795420800000,
]
