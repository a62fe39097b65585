import type { INestApplication } from "@nestjs/common"
import type { MicroserviceOptions } from "@nestjs/microservices"
import { readFileSync } from "node:fs"
import type { Logger } from "pino"
import { TcpServer } from "../api/tcp/tcp-server.js"
import type { Config, TlsFiles } from "../config.js"

/** Connects the TCP transport, unless the configuration turns it off. */
export function connectTcp(app: INestApplication, { tcp }: Pick<Config, "tcp">, logger: Logger): void {
  if (!tcp.isOn) return
  const { host, port } = tcp
  const server = new TcpServer({ host, port, ...(tcp.tls && { tlsOptions: readTlsFiles(tcp.tls) }) }, logger)
  app.connectMicroservice<MicroserviceOptions>({ strategy: server }, { inheritAppConfig: true })
}

function readTlsFiles({ cert, key, ca }: TlsFiles) {
  return {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...(ca !== undefined && { ca: readFileSync(ca), requestCert: true, rejectUnauthorized: true }),
  }
}
