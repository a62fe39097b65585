import type { DynamicModule, Type } from "@nestjs/common"
import { MODULE_METADATA } from "@nestjs/common/constants.js"
import { readdir } from "node:fs/promises"
import { isAbsolute, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { ConfigError } from "../config.js"

/** A Nest module that provides payment providers. */
export type ProviderModule = Type | DynamicModule

/**
 * Imports the default exports of the modules that PROVIDER_MODULES names: packages, or paths from the working directory.
 * @throws ConfigError when one cannot be imported, or is no Nest module
 */
export async function loadProviderModules(specifiers: readonly string[]): Promise<ProviderModule[]> {
  return Promise.all(specifiers.map(load))
}

/** What a folder beside this file exports: its providers as the environment sets them up, or none. */
export type OwnProviderModule = (
  env: NodeJS.ProcessEnv,
) => ProviderModule | undefined | Promise<ProviderModule | undefined>

/**
 * The modules of the providers that come with this service, one in each folder beside this file: nothing else refers to
 * them, so that a folder can be taken away.
 * @throws ConfigError when a setting is missing or wrong
 */
export async function loadOwnProviders(env: NodeJS.ProcessEnv): Promise<ProviderModule[]> {
  const paths = (await readdir(import.meta.dirname, { recursive: true })).filter((path) => OWN_MODULE.test(path))
  const modules = await Promise.all(
    paths.sort().map(async (path) => {
      const own = defaultOf(await import(pathToFileURL(join(import.meta.dirname, path)).href)) as OwnProviderModule
      return own(env)
    }),
  )
  return modules.filter((module) => module !== undefined)
}

/** Compiled, or as the tests run it. */
const OWN_MODULE = /^[^/\\]+[/\\][^/\\]+\.module\.[jt]s$/

async function load(specifier: string): Promise<ProviderModule> {
  const isPath = specifier.startsWith(".") || isAbsolute(specifier)
  const module = defaultOf(await importModule(specifier, isPath ? pathToFileURL(resolve(specifier)).href : specifier))
  if (isNestModule(module)) return module
  throw new ConfigError(`PROVIDER_MODULES names '${specifier}', whose default export is no Nest module.`)
}

async function importModule(specifier: string, target: string): Promise<unknown> {
  try {
    return await import(target)
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n")
    throw new ConfigError(`PROVIDER_MODULES names '${specifier}', which cannot be imported: ${reason}`)
  }
}

/** A module that was compiled to CommonJS has its own default export inside of Node's. */
function defaultOf(namespace: unknown): unknown {
  const outer = (namespace as { default?: unknown }).default
  return typeof outer === "object" && outer !== null && "default" in outer ? outer.default : outer
}

function isNestModule(value: unknown): value is ProviderModule {
  if (typeof value === "object" && value !== null && "module" in value) return typeof value.module === "function"
  return typeof value === "function" && PARTS.some((part) => Reflect.hasMetadata(part, value))
}

/** What `@Module` leaves on a class; one with none of it provides nothing. */
const PARTS = [MODULE_METADATA.PROVIDERS, MODULE_METADATA.IMPORTS]
