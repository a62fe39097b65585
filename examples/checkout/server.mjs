/**
 * The shop's back end, as small as it can be: it stores carts, reports their totals to the payment service, and serves
 * the page. The secret key stays here.
 */
import { build } from "esbuild"
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import { readSettings } from "./settings.mjs"
import { Shop } from "./shop.mjs"

const settings = readSettings(process.env)
const shop = new Shop(settings)

const routes = {
  "GET /": file("page/index.html", "text/html"),
  "GET /checkout.css": file("page/checkout.css", "text/css"),
  "GET /checkout.js": script(await bundled("page/checkout.js")),
  "GET /checkout.json": sendCheckout,
  "POST /cart/new": forgetCart,
}

/** Returns the shopper's cart and the keys that a browser may have. */
async function sendCheckout(request, response) {
  const cart = await shop.cartOf(cartIdOf(request))
  response.setHeader("set-cookie", cartCookie(cart.id))
  response.setHeader("cache-control", "no-store")
  response.setHeader("content-type", "application/json")
  const { serviceUrl, publishableKey, stripePublishableKey, stripeJsUrl } = settings
  response.end(
    JSON.stringify({
      cart,
      service: { baseUrl: serviceUrl, publishableKey },
      stripe: { publishableKey: stripePublishableKey, scriptUrl: stripeJsUrl },
    }),
  )
}

function forgetCart(_request, response) {
  response.writeHead(303, { location: "/", "set-cookie": `${cartCookie("")}; Max-Age=0` }).end()
}

/** Lax, so that the browser sends it when the shopper returns from the bank. A shop on https adds Secure. */
const cartCookie = (id) => `cart=${id}; Path=/; HttpOnly; SameSite=Lax`

function cartIdOf({ headers }) {
  return /(?:^|; )cart=([^;]+)/.exec(headers.cookie ?? "")?.[1]
}

function file(name, type) {
  return async (_request, response) => {
    response.setHeader("content-type", `${type}; charset=utf-8`)
    response.end(await readFile(new URL(name, import.meta.url)))
  }
}

function script(code) {
  return (_request, response) => {
    response.setHeader("content-type", "text/javascript; charset=utf-8")
    response.end(code)
  }
}

/** The page's modules and the js-sdk as one script. */
async function bundled(entry) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    format: "esm",
    minify: true,
    sourcemap: "inline",
    target: "es2022",
    write: false,
  })
  return outputFiles[0].contents
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost")
  const handle = routes[`${request.method} ${pathname}`]
  try {
    if (handle) await handle(request, response)
    else response.writeHead(404).end()
  } catch (error) {
    console.error(error)
    response.writeHead(502).end()
  }
})

server.listen(settings.port, "127.0.0.1", () => {
  console.log(`The checkout is at http://127.0.0.1:${server.address().port}`)
})
