import { type ErrorDocs, NotAllowed, Unauthorized } from "../common/errors.js"

export const PUBLISHABLE_KEY_HEADER = "x-publishable-api-key"

/** Medusa's messages name its dashboard instead. */
const CREATE_ONE = "The operator creates publishable keys (pk_...) with POST /admin/api-keys, or with npm run keys."

/** A store route was called without a publishable key. */
export class PublishableKeyMissing extends NotAllowed {
  static override readonly docs: ErrorDocs = {
    name: "publishable_key_missing",
    when: "A store route was called without a publishable key.",
    remedy: "Send the header `x-publishable-api-key`.",
    example: () => new PublishableKeyMissing(),
  }

  constructor() {
    super(
      `Publishable API key required in the request header: ${PUBLISHABLE_KEY_HEADER}. You can manage your keys in settings in the dashboard.`,
      { details: [{ field: PUBLISHABLE_KEY_HEADER, message: CREATE_ONE }] },
    )
  }
}

/** The publishable key does not exist or is revoked. */
export class PublishableKeyInvalid extends NotAllowed {
  static override readonly docs: ErrorDocs = {
    name: "publishable_key",
    when: "The publishable key is missing or not valid.",
    remedy: "Create a publishable key with `POST /admin/api-keys` or `npm run keys`.",
    example: () => new PublishableKeyInvalid(),
  }

  constructor() {
    super("A valid publishable key is required to proceed with the request", {
      details: [{ field: PUBLISHABLE_KEY_HEADER, message: `It does not exist, or is revoked. ${CREATE_ONE}` }],
    })
  }
}

/** An admin route was called without a valid secret key. */
export class SecretKeyRequired extends Unauthorized {
  static readonly docs: ErrorDocs = {
    name: "unauthorized",
    when: "The secret key is missing or not valid.",
    remedy: "Send `Authorization: Bearer sk_...`.",
    example: () => new SecretKeyRequired(),
  }

  constructor() {
    super("Unauthorized. Send a secret API key as 'Authorization: Bearer sk_...' or, as the js-sdk does, as Basic.")
  }
}

/** A TCP message came without the token of the service. */
export class TcpTokenRequired extends Unauthorized {
  static readonly docs: ErrorDocs = {
    name: "tcp_token",
    when: "A TCP message came without the `TCP_TOKEN` of the service.",
    remedy: "Send it as `token` in every message.",
    example: () => new TcpTokenRequired(),
  }

  constructor() {
    super("Unauthorized. Send the token of this service (TCP_TOKEN) as 'token' in the message.")
  }
}

/** A browser sent an admin request for a page of another origin. */
export class CrossSiteRequest extends NotAllowed {
  static override readonly docs: ErrorDocs = {
    name: "cross_site",
    when: "A browser sent it for a page of an origin that ADMIN_CORS does not name.",
    remedy: "Add the page's origin to `ADMIN_CORS`, or call the API from a server.",
    example: () => new CrossSiteRequest(),
  }

  constructor() {
    super(
      "A page of another origin made this request. Add the page's origin to ADMIN_CORS, or call the API from a server.",
    )
  }
}
