import type {
  Authorization,
  AuthorizeInput,
  Completed,
  Confirmed,
  ConfirmInput,
  ConnectAnswer,
  ConnectLinkInput,
  ReturnQuery,
} from "./connect.ts";
import type {
  ConnectionChange,
  ConnectionFilter,
  ConnectionView,
  Imported,
  ImportInput,
  ProviderHealth,
} from "./connections.ts";
import type { BulkOptions, BulkReport, RefreshAttempt, RequestedSync, Scheduled } from "./refreshes.ts";
import type {
  AccessToken,
  AccessTokenOptions,
  RefreshOptions,
  Target,
  TokenStatus,
  WithAccessTokenOptions,
} from "./token.ts";

/**
 * What apps use, over HTTP (`@evertoken/client`) or embedded (`@evertoken/engine`). Every method throws EvertokenError, and says so within
 * seconds when what it needs is away.
 */
export interface Evertoken {
  /** A valid token; works with Redis and the workers down. */
  getAccessToken(target: Target, options?: AccessTokenOptions): Promise<AccessToken>;
  /**
   * Calls an API with a fresh token. On a 401 the token that this call has seen is refreshed once, and the API is called again: of 100
   * callers with the same stale token one refreshes, the others use what it got.
   *
   * A token that came a moment ago is not refreshed again: then the API refuses for another reason, and its answer is passed on.
   */
  withAccessToken<T>(
    target: Target,
    call: (token: AccessToken) => Promise<T>,
    options?: WithAccessTokenOptions,
  ): Promise<T>;
  /**
   * Refreshes now, and waits. With the `generation` of a token that the caller has seen nothing is asked when a newer one is there: many
   * callers with the same stale token cause one refresh.
   */
  refresh(target: Target, options?: RefreshOptions): Promise<AccessToken>;
  /** Brings the connection's job forward; a worker runs it. */
  scheduleNow(target: Target, options?: { force?: boolean }): Promise<Scheduled>;
  /** Puts the job where the stored expiry wants it. null: it needs none. */
  scheduleNextRefresh(target: Target): Promise<Scheduled | null>;
  /** Has the workers refresh all that end soon, some at a time, and waits for them. */
  refreshAllExpiring(options?: BulkOptions): Promise<BulkReport>;
  tokenStatus(target: Target): Promise<TokenStatus>;
  /** How a user's connections do, provider by provider, of several accounts the one first that `getAccessToken` means. */
  health(userId: string): Promise<ProviderHealth[]>;
  /** Asks for a sync; several requests become one run. */
  sync(connectionId: string): Promise<RequestedSync>;
  /** The connect flow, for apps that have pages of their own for it. */
  readonly connect: {
    /** Where to send the user's browser. */
    authorize(input: AuthorizeInput): Promise<Authorization>;
    /** Takes the provider's answer. Never throws for what the user or the provider did. */
    complete(answer: ConnectAnswer): Promise<Completed>;
    /** At the return URL: what came back is for the user of your session. Never throws for what the user or the provider did. */
    confirm(query: ReturnQuery, input: ConfirmInput): Promise<Confirmed>;
    /** A short-lived link to the connect page for one of your users; one browser can open it. */
    link(input: ConnectLinkInput): Promise<string>;
    /** Ends what this user has open on the connect page, and the links that were not opened yet: when they log out, say. */
    endSessions(userId: string): Promise<{ endedAt: Date }>;
  };
  readonly connections: {
    /** In pages by id. */
    list(filter?: ConnectionFilter): Promise<ConnectionView[]>;
    get(target: Target): Promise<ConnectionView>;
    import(input: ImportInput): Promise<Imported>;
    /** Changes its tags. @returns it as it is then */
    update(id: string, change: ConnectionChange): Promise<ConnectionView>;
    /** Erases the tokens, and revokes them at the provider where it can. @returns whether there was anything to disconnect */
    disconnect(id: string): Promise<boolean>;
    /** The newest attempts first. Default 50, at most 1000. */
    log(id: string, limit?: number): Promise<RefreshAttempt[]>;
  };
  /** Takes no new work (`closing`), and waits for what runs. Await it before the process ends: see docs/guides/using-the-client.md. */
  close(): Promise<void>;
}
