/**
 * The menu: categories, search, and tiles that one tap puts into the cart. It can be
 * read without an open drawer; only adding is off then, and the reason is written above.
 * Tiles off the screen are not laid out, and the cart does not redraw the tiles, so a
 * menu of thousands stays quick.
 */
import { computed, signal, useComputed, type ReadonlySignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { cart, catalogue, selling, stock, type MenuItem } from '../core';
import { decimal, isNegative, usd } from '../i18n/format';
import { words } from '../i18n/language';
import { finds, plain } from '../parts/find';
import { WhyNot } from '../parts/why-not';
import { Icon } from '../parts/icon';
import { AddOnsSheet } from './add-ons';
import { Unfinished } from './unfinished';
import { arrows, entered, seedFocus } from './grid-keys';
import { put } from './put';

const ALL = 'all';
const OTHERS = 'others';

const query = signal('');
const category = signal(ALL);
const choosing = signal<MenuItem | null>(null);

/** How many of an item are in the cart. */
const counts = computed(() => {
  const out = new Map<string, number>();
  for (const line of cart.value.lines) {
    out.set(line.menuItemId, (out.get(line.menuItemId) ?? 0) + line.quantity);
  }
  return out;
});

const levels = computed(() => new Map(stock.value?.items.map((row) => [row.stockItemId, row.level]) ?? []));

interface Group {
  id: string;
  name: string;
  items: readonly MenuItem[];
}

const groups = computed<Group[]>(() => {
  const document = catalogue.value?.document;
  if (!document) return [];
  const known = new Map<string, MenuItem[]>(document.categories.map((one) => [one.category_id, []]));
  const others: MenuItem[] = [];
  for (const item of document.items) (known.get(item.category_id ?? '') ?? others).push(item);
  const named = document.categories.map((one) => ({
    id: one.category_id,
    name: one.name,
    items: known.get(one.category_id) ?? [],
  }));
  const all = others.length > 0 ? [...named, { id: OTHERS, name: words.value.menu.others, items: others }] : named;
  return all.filter((group) => group.items.length > 0);
});

/** What is searched, made once for a menu. */
const names = computed(
  () => new Map(catalogue.value?.document.items.map((item) => [item.menu_item_id, plain(item.name)]) ?? []),
);

/** While a sale is being completed the tiles stay as they are: it takes a moment only. */
const addable = computed(() => selling.value.can || selling.value.why === 'sale_in_progress');

const shown = computed<Group[]>(() => {
  const question = plain(query.value.trim());
  if (question !== '') {
    const isFound = finds(question);
    return groups.value
      .map((group) => ({
        ...group,
        items: group.items.filter((item) => isFound(names.value.get(item.menu_item_id) ?? '')),
      }))
      .filter((group) => group.items.length > 0);
  }
  if (category.value === ALL) return groups.value;
  const one = groups.value.filter((group) => group.id === category.value);
  return one.length > 0 ? one : groups.value;
});

export function Menu() {
  return (
    <section class="menu" aria-labelledby="menu-title">
      <h1 id="menu-title" class="unseen" tabIndex={-1}>
        {words.value.menu.title}
      </h1>
      <Search />
      <Categories />
      <WhyNot />
      <Unfinished />
      <Tiles />
      {choosing.value && <AddOnsSheet item={choosing.value} onClose={() => (choosing.value = null)} />}
    </section>
  );
}

function Search() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const slash = (event: KeyboardEvent) => {
      const target = event.target as Element | null;
      if (event.key !== '/' || target?.closest('input:not([type=radio]), textarea, dialog')) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    addEventListener('keydown', slash);
    return () => removeEventListener('keydown', slash);
  }, []);
  const clear = () => {
    query.value = '';
    field.current?.focus();
  };
  const found = useComputed(() =>
    query.value ? words.value.menu.found(shown.value.reduce((sum, group) => sum + group.items.length, 0)) : '',
  );
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        class="entry"
        aria-label={words.value.menu.search}
        placeholder={words.value.menu.searchHint}
        autocomplete="off"
        value={query.value}
        onInput={(event) => (query.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') clear();
          if (event.key === 'ArrowDown' || event.key === 'Enter') {
            event.preventDefault();
            document.querySelector<HTMLElement>('.tiles .tile')?.focus();
          }
        }}
        data-testid="search"
      />
      {query.value && (
        <button type="button" class="act icon quiet" aria-label={words.value.menu.clearSearch} onClick={clear}>
          <Icon name="close" />
        </button>
      )}
      <span class="unseen" role="status" data-testid="found">
        {found}
      </span>
    </div>
  );
}

function Categories() {
  const choices = [{ id: ALL, name: words.value.common.all }, ...groups.value];
  if (choices.length < 3) return null;
  return (
    <div class="chips" role="group" aria-label={words.value.menu.categories} data-testid="categories">
      {choices.map(({ id, name }) => (
        <button
          key={id}
          type="button"
          class="chip"
          aria-pressed={category.value === id && query.value === ''}
          data-testid="category"
          onClick={(event) => {
            query.value = '';
            category.value = id;
            event.currentTarget.scrollIntoView({ block: 'nearest', inline: 'center' });
            document.querySelector('.tiles')?.scrollTo({ top: 0 });
          }}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function Tiles() {
  const place = useRef<HTMLDivElement>(null);
  const list = shown.value;
  const can = addable.value;
  useLayoutEffect(() => seedFocus(place.current), [list]);
  const nothing = list.length === 0;
  return (
    <div class="tiles" ref={place} onKeyDown={arrows} onFocusIn={entered} data-testid="menu">
      {nothing && (
        <p class="soft empty" data-testid="menu-empty">
          {query.value ? words.value.menu.nothing(query.value) : words.value.menu.empty}
        </p>
      )}
      {list.map((group) => (
        <section key={group.id} class="group" aria-labelledby={`group-${group.id}`}>
          <h2 id={`group-${group.id}`}>{group.name}</h2>
          <ul class="grid">
            {group.items.map((item) => (
              <Tile key={item.menu_item_id} item={item} can={can} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

/** One tap adds it as it is; its corner (or `+` on the keyboard) offers the add-ons first. */
function Tile({ item, can }: { item: MenuItem; can: boolean }) {
  const say = words.value.menu;
  const price = usd(item.price_usd);
  const options = item.add_ons.length > 0;
  const refused = can ? undefined : true;
  const act = (what: () => void) => () => (can ? what() : document.getElementById('why-not')?.focus());
  const choose = act(() => (choosing.value = item));
  return (
    <li>
      <button
        type="button"
        class="tile"
        tabIndex={-1}
        aria-disabled={refused}
        aria-describedby={refused && 'why-not'}
        aria-keyshortcuts={options ? 'Enter +' : undefined}
        data-testid="item"
        data-item={item.menu_item_id}
        onClick={act(() => put(item))}
        onKeyDown={(event) => {
          if (event.key !== '+' || !options) return;
          event.preventDefault();
          choose();
        }}
      >
        <span class="tile-name">{item.name}</span>
        <span class="tile-foot">
          <span class="figure">{price}</span>
          <Left item={item} />
        </span>
        <InCart id={item.menu_item_id} />
      </button>
      {options && (
        <button
          type="button"
          class="tile-more"
          tabIndex={-1}
          aria-disabled={refused}
          aria-label={say.choose(item.name)}
          data-testid="item-options"
          data-item={item.menu_item_id}
          onClick={choose}
        >
          <span aria-hidden="true">+</span>
        </button>
      )}
    </li>
  );
}

/** Redraws itself only: not the tile, and not the other tiles. */
function InCart({ id }: { id: string }) {
  const n: ReadonlySignal<number> = useComputed(() => counts.value.get(id) ?? 0);
  if (n.value === 0) return null;
  return (
    <>
      <span class="ring" aria-hidden="true" />
      <span class="count">
        {n.value}
        <span class="unseen"> {words.value.menu.inCart}</span>
      </span>
    </>
  );
}

const FEW = /^-?\d{1}(\.\d+)?$/;

/** What is left of it, once that is little. Selling goes on all the same. */
function Left({ item }: { item: MenuItem }) {
  const use = item.stock;
  const level = useComputed(() => (use.kind === 'direct' ? levels.value.get(use.stock_item_id) : undefined));
  const left = level.value;
  if (left === undefined || !(isNegative(left) || FEW.test(left))) return null;
  return <span class="left">{words.value.menu.left(decimal(left, 0))}</span>;
}
