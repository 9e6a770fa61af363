import { ColumnTypeEnum, type SqlDriverAdapter } from "@prisma/driver-adapter-utils";
import { Pool, type QueryResult } from "pg";

const systemCharOid = 18;
const bpcharOid = 1042;

/**
 * Prisma's pg adapter refuses `"char"`, the one-letter type of Postgres's catalogue. The schema engine reads such a
 * column wherever there is a check constraint, so on its way through the adapter it passes for another text type.
 */
export class CataloguePool extends Pool {
  readonly #charColumns = new WeakMap<object, number[]>();

  // biome-ignore lint/suspicious/noExplicitAny: pg declares eight overloads, of which the adapter calls one.
  override async query(...parameters: any[]): Promise<any> {
    const ask = super.query as (...parameters: unknown[]) => Promise<QueryResult>;
    const result = await ask.apply(this, parameters);
    const isChar = (result.fields ?? []).flatMap((field, index) => (field.dataTypeID === systemCharOid ? [index] : []));
    for (const index of isChar) Object.assign(result.fields[index] ?? {}, { dataTypeID: bpcharOid });
    if (isChar.length > 0) this.#charColumns.set(result.rows, isChar);
    return result;
  }

  /** Tells the engine the true type again; an adapter hands on the very array of rows that it got. */
  restoreTypes<Adapter extends SqlDriverAdapter>(adapter: Adapter): Adapter {
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      for (const index of this.#charColumns.get(result.rows) ?? [])
        result.columnTypes[index] = ColumnTypeEnum.Character;
      return result;
    };
    return adapter;
  }
}
