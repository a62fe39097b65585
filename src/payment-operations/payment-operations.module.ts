import { Module, type DynamicModule } from "@nestjs/common"
import { PaymentCollectionsModule } from "../payment-collections/payment-collections.module.js"
import { PaymentProvidersModule } from "../payment-providers/payment-providers.module.js"
import { AdminOperationsController } from "./admin-operations.controller.js"
import { OperationsMessageController } from "./operations.message.controller.js"
import { PaymentOperationsService } from "./payment-operations.service.js"
import { Reconciler, ReconcilerInterval } from "./reconciler.js"

@Module({})
export class PaymentOperationsModule {
  /** @param interval milliseconds between two looks for operations that nobody settled */
  static register(interval: number): DynamicModule {
    return {
      module: PaymentOperationsModule,
      imports: [PaymentProvidersModule, PaymentCollectionsModule],
      controllers: [AdminOperationsController, OperationsMessageController],
      providers: [
        PaymentOperationsService,
        Reconciler,
        { provide: ReconcilerInterval, useValue: new ReconcilerInterval(interval) },
      ],
    }
  }
}
