import { Module } from "@nestjs/common"
import { FakeProvidersModule, LineOverHttp } from "./fake-provider.js"

/** The fake providers over the bank at FAKE_BANK_URL, for a service in a process of its own. */
@Module({ imports: [FakeProvidersModule.over(new LineOverHttp(process.env["FAKE_BANK_URL"] ?? ""))] })
export default class FakeProviderModule {}
