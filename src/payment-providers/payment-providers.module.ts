import { Module } from "@nestjs/common"
import { TypeOrmModule } from "@nestjs/typeorm"
import { DiscoveryModule } from "@nestjs/core"
import { AdminPaymentProvidersController } from "./admin-payment-providers.controller.js"
import { AdminRegionsController } from "./admin-regions.controller.js"
import { CollectionReader } from "./collection-reader.js"
import { PaymentProviderRegistry } from "./calls/payment-provider.registry.js"
import { PaymentProvidersMessageController } from "./payment-providers.message.controller.js"
import { PaymentProvidersService } from "./payment-providers.service.js"
import { OperationHooks } from "./calls/operation-hooks.js"
import { OperationWaiting } from "./calls/wait-for-operation.js"
import { OperationRunner } from "./calls/operation-runner.js"
import { StorePaymentProvidersController } from "./store-payment-providers.controller.js"
import { SystemPaymentProvider } from "./system/system.provider.js"
import { PaymentProvider } from "../payment-model/entities/payment-provider.entity.js"
import { Region, RegionPaymentProvider } from "./region.entity.js"

@Module({
  imports: [TypeOrmModule.forFeature([PaymentProvider, Region, RegionPaymentProvider]), DiscoveryModule],
  controllers: [
    StorePaymentProvidersController,
    AdminPaymentProvidersController,
    AdminRegionsController,
    PaymentProvidersMessageController,
  ],
  providers: [
    PaymentProviderRegistry,
    PaymentProvidersService,
    OperationHooks,
    OperationWaiting,
    OperationRunner,
    CollectionReader,
    SystemPaymentProvider,
  ],
  exports: [
    PaymentProviderRegistry,
    PaymentProvidersService,
    OperationHooks,
    OperationWaiting,
    OperationRunner,
    CollectionReader,
  ],
})
export class PaymentProvidersModule {}
