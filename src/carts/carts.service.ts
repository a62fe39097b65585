import { Injectable } from "@nestjs/common"
import { InjectRepository } from "@nestjs/typeorm"
import { Repository } from "typeorm"
import { InvalidData } from "../common/errors.js"
import { parseCurrency, roundedMoneyFromMajor } from "../common/money.js"
import { parseTime } from "../common/time.js"
import { CartNotFound } from "./cart-not-found.js"
import type { PutCartRequest } from "./cart.dto.js"
import { Cart } from "./cart.entity.js"

const MAX_ID_LENGTH = 255

/** Milliseconds that a sender's clock may be ahead; more is a mistake that would freeze the cart. */
const CLOCKS_APART = 24 * 60 * 60 * 1000

/** The columns that a newer state of a cart replaces. */
const REPLACED_COLUMNS = [
  "currency_code",
  "total",
  "region_id",
  "email",
  "customer_id",
  "sales_channel_id",
  "order_id",
  "completed_at",
  "sent_at",
] as const satisfies readonly (keyof Cart)[]

/** The carts as their owner, another service, last sent them. */
@Injectable()
export class CartsService {
  constructor(@InjectRepository(Cart) private readonly carts: Repository<Cart>) {}

  /**
   * Replaces the stored state of a cart; a field that is left out becomes null. States may arrive out of order. The sender's
   * clock decides under the row's lock, so an older state changes nothing and the newer one is returned.
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
    await this.carts
      .createQueryBuilder("cart")
      .insert()
      .values({
        id,
        currency_code: currency,
        total: total.minor,
        region_id: cart.region_id ?? null,
        email: cart.email ?? null,
        customer_id: cart.customer_id ?? null,
        sales_channel_id: cart.sales_channel_id ?? null,
        order_id: cart.order_id ?? null,
        completed_at: completedAt ?? null,
        sent_at: sentAt ?? (() => "clock_timestamp()"),
      })
      .orUpdate([...REPLACED_COLUMNS], ["id"], { overwriteCondition: { where: "cart.sent_at <= excluded.sent_at" } })
      .updateEntity(false)
      .execute()
    return this.get(id)
  }

  async get(id: string): Promise<Cart> {
    const cart = await this.carts.findOneBy({ id })
    if (!cart) throw new CartNotFound(id, "id")
    return cart
  }
}
