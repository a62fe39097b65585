import type { Audience } from "../src/api/fields/fields.js"
import type { Answer, BenchRequest } from "./rows.js"

/** Asks a Medusa for what measured requests need to be there. */
export class PeerApi {
  private constructor(
    private readonly baseUrl: string,
    readonly headers: Readonly<Record<Audience, Record<string, string>>>,
  ) {}

  static async open(baseUrl: string, publishableKey: string, email: string, password: string): Promise<PeerApi> {
    const request = { method: "POST", path: "/auth/user/emailpass", body: JSON.stringify({ email, password }) } as const
    const { token } = (await send(baseUrl, request, {})) as { token: string }
    return new PeerApi(baseUrl, {
      store: { "x-publishable-api-key": publishableKey },
      admin: { authorization: `Bearer ${token}` },
    })
  }

  async store(request: BenchRequest): Promise<Answer> {
    return (await send(this.baseUrl, request, this.headers.store)) as Answer
  }

  async admin(request: BenchRequest): Promise<Answer> {
    return (await send(this.baseUrl, request, this.headers.admin)) as Answer
  }
}

async function send(baseUrl: string, { method, path, body }: BenchRequest, headers: Record<string, string>) {
  const type = body !== undefined && { "content-type": "application/json" }
  const answer = await fetch(baseUrl + path, { method, body, headers: { ...headers, ...type } })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`${baseUrl}${path} was answered ${answer.status} ${text}`)
  return JSON.parse(text) as unknown
}
