import { Injectable } from "@nestjs/common"
import { DataSource } from "typeorm"
import { InvalidData } from "../common/errors.js"
import { parseCurrency, roundedMoneyFromMajor } from "../common/money.js"
import { parseTime } from "../common/time.js"
import { CartNotFound } from "./cart-not-found.js"
import type { PutCartRequest } from "./cart.dto.js"
import { Cart } from "./cart.entity.js"

const MAX_ID_LENGTH = 255

/** Milliseconds that a sender's clock may be ahead; more is a mistake that would freeze the cart. */
const CLOCKS_APART = 24 * 60 * 60 * 1000

/** What this service knows of carts: whatever their owner told it last. */
@Injectable()
export class CartsService {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Replaces all that is known of a cart; what is left out becomes null. States may arrive out of order: the sender's
   * clock decides under the row's lock, so an older one changes nothing and the newer one is answered.
   *
   * @throws InvalidData when the currency is unknown or the total too large
   */
  async put(id: string, cart: PutCartRequest): Promise<Cart> {
    if (id === "" || id.length > MAX_ID_LENGTH) {
      throw new InvalidData(`A cart's id has 1 to ${MAX_ID_LENGTH} characters.`)
    }
    const currency = parseCurrency(cart.currency_code)
    const total = roundedMoneyFromMajor(cart.total, currency)
    const [completedAt, sentAt] = [cart.completed_at, cart.updated_at].map((text) =>
      text ? parseTime(text) : undefined,
    )
    if (sentAt && sentAt.getTime() > Date.now() + CLOCKS_APART) {
      throw new InvalidData(
        "Value for field 'updated_at' lies more than a day ahead. It would keep out all changes until then.",
      )
    }
    await this.dataSource.query(
      `INSERT INTO cart (id, currency_code, total, region_id, email, customer_id, sales_channel_id, order_id, completed_at, sent_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10::timestamptz, clock_timestamp()))
       ON CONFLICT (id) DO UPDATE SET
         currency_code = excluded.currency_code, total = excluded.total, region_id = excluded.region_id,
         email = excluded.email, customer_id = excluded.customer_id, sales_channel_id = excluded.sales_channel_id,
         order_id = excluded.order_id, completed_at = excluded.completed_at, sent_at = excluded.sent_at, updated_at = now()
       WHERE cart.sent_at <= excluded.sent_at`,
      [
        id,
        currency,
        total.minor.toString(),
        cart.region_id ?? null,
        cart.email ?? null,
        cart.customer_id ?? null,
        cart.sales_channel_id ?? null,
        cart.order_id ?? null,
        completedAt ?? null,
        sentAt ?? null,
      ],
    )
    return this.get(id)
  }

  async get(id: string): Promise<Cart> {
    const cart = await this.dataSource.manager.findOneBy(Cart, { id })
    if (!cart) throw new CartNotFound(id, "id")
    return cart
  }
}
