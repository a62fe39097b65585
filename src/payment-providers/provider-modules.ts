import type { DynamicModule, Type } from "@nestjs/common"
import { MODULE_METADATA } from "@nestjs/common/constants.js"
import { isAbsolute, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { ConfigError } from "../config.js"
import { OWN_PROVIDERS } from "./own-providers.js"

/** A Nest module that provides payment providers. */
export type ProviderModule = Type | DynamicModule

/**
 * Imports the default exports of the modules that PROVIDER_MODULES names: packages, or paths from the working directory.
 * @throws ConfigError when one cannot be imported, or is not a Nest module
 */
export async function loadProviderModules(specifiers: readonly string[]): Promise<ProviderModule[]> {
  return Promise.all(specifiers.map(load))
}

/** Creates the Nest module of providers that come with this service; undefined if the environment does not set them up. */
export type OwnProviders = (env: NodeJS.ProcessEnv) => Promise<ProviderModule | undefined>

/**
 * Loads the providers that come with this service and that the environment sets up.
 * @throws ConfigError when a setting is missing or wrong
 */
export async function loadOwnProviders(env: NodeJS.ProcessEnv): Promise<ProviderModule[]> {
  const modules = await Promise.all(OWN_PROVIDERS.map((load) => load(env)))
  return modules.filter((module) => module !== undefined)
}

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

/** The metadata that `@Module` adds to a class. A class with neither provides nothing. */
const PARTS = [MODULE_METADATA.PROVIDERS, MODULE_METADATA.IMPORTS]
