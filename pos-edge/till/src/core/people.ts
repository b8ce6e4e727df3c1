// Whose till this is and who is logged in.
//
// Guarantees: what is known is in the vault, so that a reload, without the edge too,
// goes on as it was. Only the edge's own word ends a login or a pairing; while it
// cannot be reached everybody stays who they are. Logging out ends the login at the
// edge once no sale on this device needs it; sales are never touched by it. A pairing
// that ended is kept for the sales that were made under it.
import type * as wire from './api/schema';
import type { Acts } from './api/acts';
import type { Call, Client } from './api/client';
import { resultOf, type Outcome } from './api/outcome';
import { no, ok } from './result';
import type { State } from './state';
import { NO_SECRETS, type Secrets, type Vault } from './storage/vault';
import type { Person, Result, Till } from './types';

export type Where = 'start' | 'here' | 'elsewhere';

export interface PeopleEnds {
  readonly state: State;
  readonly client: Client;
  readonly acts: Acts;
  readonly vault: Vault;
  /** Whether sales wait on this device that only their login can send. */
  needsLogin(staffId: wire.StaffId): boolean;
  /** Told when somebody came or went, here or in another tab, or was here at the start. */
  changed(where: Where): void;
}

/** Who sold, and where: what chooses the token of a sale. */
export interface Seller {
  readonly deviceId: wire.DeviceId;
  readonly staffId: wire.StaffId;
}

export interface People {
  /** What is stored, at the start or after another tab's change. */
  load(from: Where): Promise<void>;
  /** A call as whoever is logged in. */
  asPerson<T>(call: Call): Promise<Outcome<T>>;
  /** A call that this till may make also while nobody is logged in. */
  asTill<T>(call: Call): Promise<Outcome<T>>;
  /** An act as whoever is logged in. */
  actAsPerson<T>(act: Parameters<Acts['run']>[0]): Promise<Outcome<T>>;
  /** The person's token, or else the till's. */
  token(): string | null;
  /** The seller's login: what is sold now needs it. */
  sellersToken(seller: Seller): string | null;
  /** The till's own: a sale that it completed by itself needs no more, and with a login
   *  that ended the edge would take it for a stranger's. */
  tillsToken(seller: Seller): string | null;
  /** The edge does not take a token any more. */
  tokenEnded(token: string): Promise<void>;
  /** The edge does not take this till any more. */
  pairingEnded(token: string): Promise<void>;
  /** Ends logins at the edge that nothing needs any more. */
  settle(): Promise<void>;
  /** Names and role, after a new catalogue. */
  rename(): void;
  pair(deviceId: wire.DeviceId, code: string): Promise<Result<Till>>;
  logIn(staffId: wire.StaffId, pin: string): Promise<Result<Person>>;
  logOut(): Promise<Result<null>>;
}

export function createPeople(ends: PeopleEnds): People {
  const { state, client, acts, vault } = ends;
  let secrets: Secrets = NO_SECRETS;

  function show(now: Secrets, from: Where): void {
    const same =
      now.pairing?.token === secrets.pairing?.token &&
      now.login?.token === secrets.login?.token &&
      state.phase.value !== 'starting';
    secrets = now;
    people.rename();
    state.phase.value = !now.pairing ? 'unpaired' : !now.login ? 'locked' : 'ready';
    if (!same) ends.changed(from);
  }

  async function change(how: (now: Secrets) => Secrets): Promise<void> {
    show(await vault.change(how), 'here');
  }

  async function watched<T>(token: string | null, outcome: Outcome<T>): Promise<Outcome<T>> {
    if (outcome.kind !== 'refused' || token === null) return outcome;
    const { code } = outcome.problem;
    if (code === 'not_logged_in') await people.tokenEnded(token);
    if (code === 'device_revoked' || code === 'device_unknown') await people.pairingEnded(token);
    return outcome;
  }

  const people: People = {
    async load(from) {
      show(await vault.read(), from);
    },

    async asPerson<T>(call: Call) {
      const token = secrets.login?.token;
      return token ? watched(token, await client.call<T>({ ...call, token })) : nobody();
    },

    async asTill<T>(call: Call) {
      const token = people.token();
      return token ? watched(token, await client.call<T>({ ...call, token })) : nobody();
    },

    async actAsPerson<T>(act: Parameters<Acts['run']>[0]) {
      const token = secrets.login?.token;
      return token ? watched(token, await acts.run<T>({ ...act, token })) : nobody();
    },

    token: () => secrets.login?.token ?? secrets.pairing?.token ?? null,

    sellersToken(seller) {
      const logins = [secrets.login, ...secrets.leaving];
      const mine = logins.find((login) => login?.staffId === seller.staffId && login.deviceId === seller.deviceId);
      return mine?.token ?? null;
    },

    tillsToken(seller) {
      const pairings = [secrets.pairing, ...[...secrets.former].reverse()];
      return pairings.find((pairing) => pairing?.deviceId === seller.deviceId)?.token ?? null;
    },

    async tokenEnded(token) {
      if (secrets.pairing?.token === token) return people.pairingEnded(token);
      await change((now) => ({
        ...now,
        login: now.login?.token === token ? null : now.login,
        leaving: now.leaving.filter((login) => login.token !== token),
      }));
    },

    async pairingEnded(token) {
      await change((now) => {
        const pairing = now.pairing;
        if (!pairing || (pairing.token !== token && now.login?.token !== token)) return now;
        return {
          pairing: null,
          former: [...now.former, pairing],
          login: null,
          leaving: now.login ? [...now.leaving, now.login] : now.leaving,
        };
      });
    },

    async settle() {
      for (const login of secrets.leaving) {
        if (ends.needsLogin(login.staffId)) continue;
        const outcome = await client.call({ method: 'POST', path: '/v1/logout', token: login.token });
        if (outcome.kind === 'unknown') return;
        await people.tokenEnded(login.token);
      }
    },

    rename() {
      const { pairing, login } = secrets;
      const document = state.catalogue.value?.document;
      const device = document?.devices.find((one) => one.device_id === pairing?.deviceId);
      state.till.value = pairing && { deviceId: pairing.deviceId, name: device?.name ?? '', pairedAt: pairing.pairedAt };
      const member = document?.staff.find((one) => one.staff_id === login?.staffId);
      state.me.value = login && {
        staffId: login.staffId,
        name: member?.name ?? login.name,
        role: member?.role ?? login.role,
        expiresAt: login.expiresAt,
      };
    },

    async pair(deviceId, code) {
      const body: wire.PairDevice = { deviceId: deviceId.trim().toLowerCase(), code: code.trim() };
      const outcome = await acts.run<wire.PairedDevice>({ path: '/v1/devices/pair', body, secret: true });
      if (outcome.kind !== 'answered') return resultOf(outcome);
      const { token, pairedAt } = outcome.value;
      await change((now) => ({
        pairing: { deviceId: outcome.value.deviceId, token, pairedAt },
        // The new token serves the sales that were made under the former one of the same till.
        former: [...now.former, ...(now.pairing ? [now.pairing] : [])].filter(
          (former) => former.deviceId !== outcome.value.deviceId,
        ),
        login: null,
        leaving: [],
      }));
      return state.till.value ? ok(state.till.value) : no('not_paired', 'the pairing was not kept');
    },

    async logIn(staffId, pin) {
      const pairing = secrets.pairing;
      if (!pairing) return no('not_paired', 'pair this till first');
      const body: wire.LogIn = { staffId, pin };
      const outcome = await watched(
        pairing.token,
        await acts.run<wire.LoggedIn>({ path: '/v1/login', token: pairing.token, body, secret: true }),
      );
      if (outcome.kind !== 'answered') return resultOf(outcome);
      const { token, expiresAt } = outcome.value;
      const member = state.catalogue.value?.document.staff.find((one) => one.staff_id === staffId);
      await change((now) => ({
        ...now,
        login: {
          staffId, token, expiresAt,
          deviceId: pairing.deviceId,
          name: member?.name ?? '',
          role: member?.role ?? 'CASHIER',
        },
        leaving: now.login ? [...now.leaving, now.login] : now.leaving,
      }));
      return state.me.value ? ok(state.me.value) : no('not_logged_in', 'the login was not kept');
    },

    async logOut() {
      await change((now) => ({
        ...now,
        login: null,
        leaving: now.login ? [...now.leaving, now.login] : now.leaving,
      }));
      void people.settle();
      return ok(null);
    },
  };
  return people;
}

function nobody(): Outcome<never> {
  return { kind: 'refused', status: 401, problem: no('not_logged_in', 'nobody is logged in here').problem };
}
