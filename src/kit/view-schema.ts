import { z } from 'zod'

/**
 * Value types shared by the schemas of what the admin API shows. Other code imports only the types derived from such a
 * schema, so zod is loaded when the OpenAPI description is first requested and not before.
 */

export const count = z.int().min(0)
export const ms = z.number().min(0)
/** A share or a ratio; extra load may exceed 1. */
export const share = z.number().min(0)
export const time = z.iso.datetime().describe('ISO 8601, in UTC.')

/**
 * The data that a schema describes: read-only, and a field that may be absent is written out as `undefined`, so that
 * whoever makes the data cannot forget it. Only `exactOptional` fields and the keys of records may be left out.
 */
export type ViewOf<S extends z.ZodType> = View<z.output<S>>

type View<T> = T extends readonly (infer Item)[]
  ? readonly View<Item>[]
  : T extends object
    ? keyof T extends never
      ? T
      : Flat<
          { readonly [Key in keyof T as CanBeUndefined<T, Key> extends true ? never : Key]: View<T[Key]> } & {
            readonly [Key in keyof T as CanBeUndefined<T, Key> extends true ? Key : never]-?: View<T[Key]>
          }
        >
    : T

/** `-?` in `Required` removes a missing key, but not an `undefined` that the type names. */
type CanBeUndefined<T, Key extends keyof T> = undefined extends Required<T>[Key] ? true : false

type Flat<T> = { [Key in keyof T]: T[Key] }
