import { afterAll, beforeAll, describe, expect, it } from "@jest/globals"
import { TestService } from "./support/service.js"
import { TcpConnection } from "./support/tcp.js"

let service: TestService
beforeAll(async () => {
  service = await TestService.start()
})
afterAll(() => service.close())

const PATH = "/admin/refund-reasons"
const post = (body: unknown, id = "") => service.admin("POST", `${PATH}${id && `/${id}`}`, body)
const made = async (body: object) => (await post(body)).body.refund_reason

describe("refund reasons", () => {
  it("are there from the start, three of them", async () => {
    const { body } = await service.admin("GET", `${PATH}?order=code`)
    expect(body).toMatchObject({ count: 3, offset: 0, limit: 15 })
    expect(body.refund_reasons.map(({ code }: { code: string }) => code)).toEqual([
      "customer_care_adjustment",
      "pricing_error",
      "shipping_issue",
    ])
  })

  it("are created, read, changed in part and deleted", async () => {
    const reason = await made({ label: "Damaged", code: "damaged", description: "On arrival" })
    expect(reason).toEqual({
      id: expect.stringMatching(/^refr_/),
      label: "Damaged",
      code: "damaged",
      description: "On arrival",
      created_at: expect.any(String),
      updated_at: expect.any(String),
      deleted_at: null,
    })
    expect((await service.admin("GET", `${PATH}/${reason.id}`)).body.refund_reason).toEqual(reason)
    const changed = (await post({ label: "Broken" }, reason.id)).body.refund_reason
    expect(changed).toMatchObject({ label: "Broken", code: "damaged", description: "On arrival" })
    expect((await post({ description: null }, reason.id)).body.refund_reason.description).toBeNull()
    expect((await post({}, reason.id)).status).toBe(200)
    expect((await service.admin("DELETE", `${PATH}/${reason.id}`)).body).toEqual({
      id: reason.id,
      object: "refund_reason",
      deleted: true,
    })
  })

  it("do not exist once deleted, or never (D10)", async () => {
    const { id } = await made({ label: "Gone", code: "gone" })
    await service.admin("DELETE", `${PATH}/${id}`)
    for (const unknown of [id, "refr_nope"]) {
      const refusal = {
        status: 404,
        body: { type: "not_found", message: `RefundReason with id "${unknown}" not found` },
      }
      expect(await service.admin("GET", `${PATH}/${unknown}`)).toMatchObject(refusal)
      expect(await post({ label: "x" }, unknown)).toMatchObject(refusal)
      expect(await service.admin("DELETE", `${PATH}/${unknown}`)).toMatchObject(refusal)
    }
  })

  it("share no code while they live, whoever comes at once (D21)", async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => post({ label: "Once", code: "once" })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 422)])
    const other = await made({ label: "Other", code: "other" })
    for (const refused of [answers.find(({ status }) => status === 422), await post({ code: "once" }, other.id)]) {
      expect(refused).toMatchObject({ status: 422, body: { type: "duplicate_error", code: "invalid_request_error" } })
    }
    expect((await post({ code: "other", label: "Its own" }, other.id)).status).toBe(200)
    await service.admin("DELETE", `${PATH}/${other.id}`)
    expect((await post({ label: "Again", code: "other" })).status).toBe(200)
  })

  it("are found by text in label, code or description, in order and in pages", async () => {
    await made({ label: "Alpha needle", code: "a1" })
    await made({ label: "Beta", code: "b_needle" })
    await made({ label: "Gamma", code: "g1", description: "a NEEDLE too" })
    const labels = async (query: string) => {
      const { body } = await service.admin("GET", `${PATH}?q=needle&${query}`)
      return [body.refund_reasons.map(({ label }: { label: string }) => label), body.count]
    }
    expect(await labels("order=-label")).toEqual([["Gamma", "Beta", "Alpha needle"], 3])
    expect(await labels("order=label&limit=1&offset=1")).toEqual([["Beta"], 3])
    expect((await service.admin("GET", `${PATH}?nope=1`)).status).toBe(400)
  })

  it("are the same over TCP, results and errors", async () => {
    const connection = await TcpConnection.open(service.tcpPort)
    const ask = async (pattern: string, message: object) => {
      const { response, err } = await connection.ask(`refund_reasons.${pattern}`, { caller: "back-office", ...message })
      return response ?? err
    }
    const { refund_reason } = await ask("create", { label: "Over TCP", code: "tcp", description: null })
    const path = `${PATH}/${refund_reason.id}`
    expect(await ask("retrieve", { id: refund_reason.id })).toEqual((await service.admin("GET", path)).body)
    expect(await ask("list", { q: "over tcp" })).toEqual((await service.admin("GET", `${PATH}?q=over%20tcp`)).body)
    expect((await ask("update", { id: refund_reason.id, label: "Changed" })).refund_reason.label).toBe("Changed")
    const { request_id: _overTcp, ...refusal } = await ask("create", { label: "Again", code: "tcp" })
    const { request_id: _overHttp, ...expected } = (await post({ label: "Again", code: "tcp" })).body
    expect(refusal).toEqual(expected)
    expect(await ask("delete", { id: refund_reason.id })).toMatchObject({ deleted: true })
    expect(await ask("retrieve", { id: refund_reason.id })).toMatchObject({ type: "not_found" })
    connection.close()
  })

  it.each<[object, string]>([
    [{}, "Field 'label' is required; Field 'code' is required"],
    [{ code: "x" }, "Field 'label' is required"],
    [{ label: 7, code: "b" }, "Expected type: 'string' for field 'label', got: '7'"],
    [{ label: "a", code: "b", x: 1 }, "Unrecognized fields: 'x'"],
  ])("are not created of %j", async (body, message) => {
    expect(await post(body)).toMatchObject({
      status: 400,
      body: { type: "invalid_data", message: `Invalid request: ${message}` },
    })
  })

  it("are not changed to nothing", async () => {
    const { id } = await made({ label: "Kept", code: "kept" })
    expect(await post({ label: null }, id)).toMatchObject({ status: 400, body: { type: "invalid_data" } })
  })
})
