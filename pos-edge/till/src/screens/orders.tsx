/** The board: in preparation, ready, delivered. One tap moves an order, a tap on it opens its receipt. */
import { useSignal } from '@preact/signals';
import { edgeLink, moveOrder, orders, type OrderRow } from '../core';
import { clock, shortTicket, usd } from '../i18n/format';
import { words } from '../i18n/language';
import { Refused, Said, useAct } from '../parts/act';
import { Choice } from '../parts/choice';
import { Icon } from '../parts/icon';
import { announce } from '../parts/live';
import { beside } from '../route';

const COLUMNS = ['IN_PREP', 'READY', 'DELIVERED'] as const;
type Column = (typeof COLUMNS)[number];
const NEXT: Record<Column, 'READY' | 'DELIVERED' | null> = { IN_PREP: 'READY', READY: 'DELIVERED', DELIVERED: null };

export function Orders() {
  const say = words.value.orders;
  // On a phone one column is shown; on a tablet all are.
  const shown = useSignal<Column>('IN_PREP');
  const of = (column: Column) => orders.value.filter((order) => order.status === column);
  return (
    <section class="page board-page" aria-labelledby="orders-title" data-testid="orders">
      <h1 id="orders-title" tabIndex={-1}>
        {say.title}
      </h1>
      {!edgeLink.value.reachable && <Said>{say.needsEdge}</Said>}
      <div class="only-phone">
        <Choice
          label={say.title}
          name="order-column"
          chosen={shown.value}
          options={COLUMNS.map((value) => ({ value, text: `${say.columns[value]} ${of(value).length || ''}` }))}
          onChoose={(value) => (shown.value = value)}
        />
      </div>
      <div class="board" data-shown={shown.value}>
        {COLUMNS.map((column) => (
          <section
            key={column}
            class="column"
            data-column={column}
            aria-labelledby={`column-${column}`}
            data-testid={`column-${column}`}
          >
            <h2 id={`column-${column}`}>
              {say.columns[column]} <span class="badge">{of(column).length}</span>
            </h2>
            <ul class="stack cards">
              {of(column).map((order) => (
                <Order key={order.order_id} order={order} next={NEXT[column]} />
              ))}
              {of(column).length === 0 && <li class="soft">{say.none}</li>}
            </ul>
          </section>
        ))}
      </div>
    </section>
  );
}

function Order({ order, next }: { order: OrderRow; next: 'READY' | 'DELIVERED' | null }) {
  const act = useAct();
  const say = words.value.orders;
  const no = shortTicket(order.ticket_id);
  const move = async (to: 'READY' | 'DELIVERED') => {
    const done = await act.run(() => moveOrder(order.order_id, to));
    if (done) announce(words.value.orders.move(no, words.value.orders.columns[to]));
  };
  const blocked = next === 'DELIVERED' && order.pending_void != null;
  return (
    <li class="card order" data-testid="order" data-ticket={order.ticket_id} data-status={order.status}>
      <button
        type="button"
        class="order-open"
        title={order.ticket_id}
        data-testid="order-open"
        onClick={() => beside({ open: 'receipt', ticket: order.ticket_id })}
      >
        <span class="order-head">
          <span class="unseen">{say.open}</span>
          <span class="strong">{no}</span>
          <span class="soft figure">{clock(order.placed_at)}</span>
          <span class="badge">{words.value.cart.saleTypes[order.sale_type]}</span>
          {order.origin === 'ONLINE' && <span class="badge calm">{say.online}</span>}
          {order.pending_void != null && <span class="badge calm">{say.pendingVoid}</span>}
        </span>
        <span class="order-lines">
          {order.lines.map((line, index) => (
            <span key={index} class="order-line">
              <span class="strong figure">{line.quantity} ×</span> {line.name}
              {line.add_ons.length > 0 && <span class="soft"> + {line.add_ons.join(', ')}</span>}
            </span>
          ))}
        </span>
        <span class="soft small">
          {usd(order.grand_total_usd)}
          {order.cashier_name && ` · ${order.cashier_name}`}
        </span>
      </button>
      <Refused problem={act.problem.value} />
      {next && (
        <button
          type="button"
          class="act wide"
          disabled={act.busy.value || blocked || !edgeLink.value.reachable}
            data-testid="order-move"
          onClick={() => void move(next)}
        >
          {say.moves[next]}
          <span class="unseen">{no}</span>
          <Icon name="arrow" size={20} />
        </button>
      )}
    </li>
  );
}
