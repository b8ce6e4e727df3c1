/**
 * What is where: what only this device has, what the store has and the books do not, since
 * when, that it is safe, and how much room is left on both. And who is logged in.
 */
import type { ComponentChildren } from 'preact';
import { catalogue, edgeLink, logOut, me, queue, room, sync, till, type QueuedSale } from '../core';
import { bytes, count, shortTicket, usd, when } from '../i18n/format';
import { language, words } from '../i18n/language';
import { Refused, Said, told, useAct } from '../parts/act';
import { unconfirmed } from '../parts/status';
import { beside } from '../route';

export function Sync() {
  return (
    <section class="page stack narrow" aria-labelledby="sync-title" data-testid="sync">
      <h1 id="sync-title" tabIndex={-1}>
        {words.value.sync.title}
      </h1>
      <OnDevice />
      <InStore />
      <Room />
      <Who />
    </section>
  );
}

function OnDevice() {
  const say = words.value.sync;
  const { sales, waiting, setAside, oldestAt, unreadable } = queue.value;
  const queued = sales.filter((sale) => sale.state !== 'set_aside');
  const aside = sales.filter((sale) => sale.state === 'set_aside');
  return (
    <section class="card stack" aria-labelledby="on-device" data-testid="on-device">
      <h2 id="on-device">
        {say.device}{' '}
        <span class={waiting > 0 ? 'badge calm' : 'badge good'} data-testid="waiting">
          {count(waiting)}
        </span>
      </h2>
      {waiting === 0 ? (
        <p class="soft">{say.nothing}</p>
      ) : (
        <>
          {oldestAt && <p data-testid="waiting-since">{say.since(when(oldestAt, language.value))}</p>}
          <p>{say.safeDevice}</p>
          <p class="soft">{say.stays}</p>
        </>
      )}
      <Sales sales={queued} />
      {unreadable > 0 && <Said testId="unreadable">{say.unreadable(unreadable)}</Said>}
      {setAside > 0 && (
        <div class="stack" data-testid="set-aside">
          <h3>
            {say.aside} <span class="badge no">{count(setAside)}</span>
          </h3>
          <p>{say.asideHint}</p>
          <Sales sales={aside} />
        </div>
      )}
    </section>
  );
}

function Sales({ sales }: { sales: readonly QueuedSale[] }) {
  if (sales.length === 0) return null;
  return (
    <ul class="queue">
      {sales.map((sale) => (
        <li key={sale.ticketId} class="row" data-testid="queued" data-ticket={sale.ticketId} data-state={sale.state}>
          <button
            type="button"
            class="link"
            title={sale.ticketId}
            onClick={() => beside({ open: 'receipt', ticket: sale.ticketId })}
          >
            {words.value.receipt.ticket(shortTicket(sale.ticketId))}
          </button>
          <span class="soft small">
            {when(sale.at, language.value)} · {sale.staffName}
          </span>
          <span class="figure">{usd(sale.grandTotalUsd)}</span>
          <span class={sale.state === 'set_aside' ? 'badge no' : 'badge calm'}>
            {words.value.sync.queueStates[sale.state]}
          </span>
          {sale.problem && <span class="soft small wide-row">{told(sale.problem)}</span>}
        </li>
      ))}
    </ul>
  );
}

function InStore() {
  const say = words.value.sync;
  const now = sync.value;
  const link = edgeLink.value;
  const pending = unconfirmed(now);
  const since = now?.oldestUnconfirmedAt;
  return (
    <section class="card stack" aria-labelledby="in-store" data-testid="in-store">
      <h2 id="in-store">
        {say.edge}{' '}
        <span class={pending > 0 ? 'badge calm' : 'badge good'} data-testid="unconfirmed">
          {count(pending)}
        </span>
      </h2>
      {pending > 0 ? (
        <>
          {since && <p>{say.since(when(since, language.value))}</p>}
          <p>{say.safeEdge}</p>
        </>
      ) : (
        link.reachable && <p class="soft">{say.nothing}</p>
      )}
      {!link.reachable && <p class="soft">{words.value.drawer.asOf(when(link.since, language.value))}</p>}
      {now?.held && <Said>{say.held}</Said>}
      <dl>
        <Fact name={say.box} testId="edge-link">
          {link.reachable ? say.reached : say.away(when(link.since, language.value))}
        </Fact>
        {now && (
          <>
            <Fact name={say.line} testId="line">
              {say.lines[now.link]}
            </Fact>
            <Fact name={say.books}>{count(now.confirmed)}</Fact>
            <Fact name={say.numbered} testId="numbered">
              {count(now.numbered)}
            </Fact>
          </>
        )}
      </dl>
    </section>
  );
}

function Room() {
  const say = words.value.sync;
  const { device, edge } = room.value;
  return (
    <section class="card stack" aria-labelledby="room" data-testid="room">
      <h2 id="room">{say.room}</h2>
      <dl>
        <Fact name={say.roomDevice} testId="room-device">
          {device
            ? `${say.used(bytes(device.usedBytes), bytes(device.quotaBytes))}, ${say.fits(count(device.salesLeft))}`
            : say.unknown}
        </Fact>
        <Fact name={say.roomEdge} testId="room-edge">
          {edge
            ? `${say.levels[edge.level]}: ${say.free(bytes(edge.freeBytes))}, ${say.fits(count(edge.ticketsLeft))}`
            : say.unknown}
        </Fact>
      </dl>
      {device && !device.persisted && <p class="soft small">{say.notPersistent}</p>}
    </section>
  );
}

function Who() {
  const act = useAct();
  const say = words.value.sync;
  const menu = catalogue.value;
  return (
    <section class="card stack" aria-labelledby="who">
      <h2 id="who">{say.person}</h2>
      <p>
        <span class="strong" data-testid="me">
          {me.value?.name}
        </span>{' '}
        <span class="soft">
          {me.value && words.value.login.roles[me.value.role]}
          {till.value?.name && ` · ${till.value.name}`}
        </span>
      </p>
      {menu && <p class="soft small">{say.newCatalogue(count(menu.document.version))}</p>}
      {queue.value.waiting > 0 && <p class="soft small">{say.logOutSafe}</p>}
      <Refused problem={act.problem.value} />
      <button
        type="button"
        class="act"
        disabled={act.busy.value}
        data-testid="log-out"
        onClick={() => void act.run(logOut)}
      >
        {say.logOut}
      </button>
    </section>
  );
}

function Fact({ name, children, testId }: { name: string; children: ComponentChildren; testId?: string }) {
  return (
    <div class="row">
      <dt>{name}</dt>
      <dd data-testid={testId}>{children}</dd>
    </div>
  );
}
