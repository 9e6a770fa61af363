/**
 * Of a set of rows that a statement is given the planner assumes a hundred, and would read a table of some ten thousand as a whole for one.
 * A limit that it cannot foresee makes it assume ten, and use the index. In a SELECT of its own, or it would be foreseen, and each
 * statement planned anew.
 */
export const fewRowsSql = (parameter: string) => `LIMIT (SELECT json_array_length(${parameter}))`;

/**
 * Rows that a statement is given as one parameter, a JSON array, for its FROM. Whatever joins them to a table finds its rows by an index.
 *
 * @param columns with their types, as what fills them is called: `id uuid, generation int`
 */
export const givenRows = (name: string, columns: string, parameter = "$1") =>
  `(SELECT * FROM json_to_recordset(${parameter}) AS given(${columns}) ${fewRowsSql(parameter)}) AS ${name}`;
