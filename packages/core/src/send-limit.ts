/**
 * Until when a token may leave, by both clocks of the process that holds the lease: one sent by then is answered, or given up, before
 * the lease ends. Two, because the monotonic clock does not run while a host is suspended, and the other one can be set back.
 */
export interface SendLimit {
  readonly wallMs: number;
  readonly monotonicMs: number;
}
