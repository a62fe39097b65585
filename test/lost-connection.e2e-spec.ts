import { expect, it } from "@jest/globals"
import { once } from "node:events"
import { connect, createServer, type AddressInfo, type Socket } from "node:net"
import { servedConnection } from "../src/database/data-source-options.js"
import { createDatabase, TEST_DATABASE_URL } from "./support/database.js"
import { putCart } from "./support/factories.js"
import { TestService } from "./support/service.js"

if (!TEST_DATABASE_URL) console.warn("LEFT OUT without TEST_DATABASE_URL: a PostgreSQL that stops answering")
const onServed = TEST_DATABASE_URL ? it : it.skip

onServed("a PostgreSQL that stops answering is 503 in the end, and its connections are given up (D28)", async () => {
  const database = await createDatabase()
  const url = new URL(database.connection.url ?? "")
  const [port, host] = [Number(url.port || 5432), url.hostname]
  const sockets: Socket[] = []
  // A network that loses everything in silence, as soon as it is told to.
  const proxy = createServer((near) => {
    const far = connect(port, host)
    near.pipe(far)
    far.pipe(near)
    for (const socket of [near, far]) socket.on("error", () => socket.destroy())
    sockets.push(near, far)
  }).listen(0, "127.0.0.1")
  await once(proxy, "listening")
  url.hostname = "127.0.0.1"
  url.port = String((proxy.address() as AddressInfo).port)

  const service = await TestService.startOn(servedConnection(url.toString(), 1))
  const cart_id = await putCart(service)
  const create = () => service.store("POST", "/store/payment-collections", { cart_id })
  expect((await create()).status).toBe(200)

  for (const socket of sockets) {
    socket.unpipe()
    socket.pause()
  }
  expect(await create()).toMatchObject({ status: 503, body: { type: "unavailable" } })
  expect((await create()).status).toBe(200)

  await service.close()
  for (const socket of sockets) socket.destroy()
  proxy.close()
  await database.drop()
})
