import { type ErrorDocs, ServiceError } from "../../common/errors.js"

/** The body of a request is larger than the limit. */
export class BodyTooLarge extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "too_large",
    when: "The body is larger than 100 kB.",
    remedy: "Send less in one request.",
    example: () => new BodyTooLarge(),
  }
  readonly kind = "too_large"

  constructor(message = "The body is larger than the limit of 100 kB. Send less in one request.") {
    super(message)
  }
}

/** The body of a request is not JSON. */
export class UnsupportedMediaType extends ServiceError {
  static readonly docs: ErrorDocs = {
    name: "unsupported_media_type",
    when: "The body is not JSON in UTF-8.",
    remedy: "Send `content-type: application/json`, without compression.",
    example: () => new UnsupportedMediaType(),
  }
  readonly kind = "unsupported_media_type"

  constructor() {
    super("Send the body as uncompressed JSON in UTF-8, with the header 'content-type: application/json'.")
  }
}
