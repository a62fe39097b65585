import { Module } from "@nestjs/common"
import { TypeOrmModule } from "@nestjs/typeorm"
import { AdminApiKeysController } from "./admin-api-keys.controller.js"
import { ApiKeysService } from "./api-keys.service.js"
import { KeyRing } from "./key-ring.js"
import { ApiKey } from "./api-key.entity.js"

@Module({
  imports: [TypeOrmModule.forFeature([ApiKey])],
  controllers: [AdminApiKeysController],
  providers: [ApiKeysService, KeyRing],
  exports: [ApiKeysService, KeyRing],
})
export class ApiKeysModule {}
