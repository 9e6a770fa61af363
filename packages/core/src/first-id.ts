/** Before the ids of all connections: where a walk through them begins. */
export const firstId = "00000000-0000-0000-0000-000000000000";
