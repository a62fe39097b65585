import { Global, Module } from "@nestjs/common"
import { TypeOrmModule } from "@nestjs/typeorm"
import { AdminApiKeysController } from "./admin-api-keys.controller.js"
import { ApiKey } from "./api-key.entity.js"
import { ApiKeysService } from "./api-keys.service.js"
import { KeyRing } from "./key-ring.js"
import { UnknownAdminRoutesController, UnknownStoreRoutesController } from "./unknown-routes.controller.js"

/** Global, because the guards of every controller need the key ring. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([ApiKey])],
  controllers: [AdminApiKeysController, UnknownStoreRoutesController, UnknownAdminRoutesController],
  providers: [ApiKeysService, KeyRing],
  exports: [ApiKeysService, KeyRing],
})
export class ApiKeysModule {}
