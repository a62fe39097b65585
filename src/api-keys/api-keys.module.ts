import { Module } from "@nestjs/common"
import { AdminApiKeysController } from "./admin-api-keys.controller.js"
import { ApiKeysService } from "./api-keys.service.js"
import { KeyRing } from "./key-ring.js"

@Module({
  controllers: [AdminApiKeysController],
  providers: [ApiKeysService, KeyRing],
  exports: [ApiKeysService, KeyRing],
})
export class ApiKeysModule {}
