import { excerpt, NotFound } from "../common/errors.js"

/** Nobody reported a cart with this id. The message is Medusa's, verbatim; the details say what to do. */
export class CartNotFound extends NotFound {
  /** @param field of the request that names the cart */
  constructor(id: string, field: "id" | "cart_id") {
    super(`Cart id not found: ${excerpt(id)}`, {
      details: [
        {
          field,
          message: "The service that owns the carts has to report this one first, with PUT /admin/carts/:id.",
        },
      ],
    })
  }
}
