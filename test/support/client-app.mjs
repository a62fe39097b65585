// A shop's own Nest application, in a process of its own: it calls the service through the published client and tells
// its parent what came of it.
import "reflect-metadata"
import { Module } from "@nestjs/common"
import { NestFactory } from "@nestjs/core"
import {
  PaymentCollectionsClient,
  PaymentCollectionsClientModule,
  PaymentCollectionsError,
} from "payment-collections/client"

class ShopModule {}
Module({ imports: [PaymentCollectionsClientModule.register(JSON.parse(process.argv[2]))] })(ShopModule)

const app = await NestFactory.createApplicationContext(ShopModule, { logger: false })
const client = app.get(PaymentCollectionsClient)

process.on("message", async ({ id, group, method, request }) => {
  try {
    process.send({ id, answer: await client[group][method](request) })
  } catch (error) {
    const { name, type, code, message, requestId, details, stack } = error
    const isError = error instanceof Error && error instanceof PaymentCollectionsError
    process.send({ id, error: { isError, name, type, code, message, requestId, details, stack } })
  }
})
process.once("SIGTERM", async () => {
  await app.close()
  process.disconnect()
})
process.send({ ready: true })
