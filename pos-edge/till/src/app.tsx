/**
 * The frame: who is here decides what is shown. Once somebody is logged in, five
 * sections with what is open beside them. On a phone that takes the whole screen, on a
 * tablet it stands at the right of the section.
 */
import { computed, effect } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { applyPageUpdate, cart, catalogue, failure, heldSales, me, notifications, orders, pageUpdate, phase, till, voidRequests } from './core';
import { language, speak, words } from './i18n/language';
import { Icon, type IconName } from './parts/icon';
import { told } from './parts/act';
import { LiveRegion } from './parts/live';
import { StatusLine } from './parts/status-line';
import { useWayBack } from './parts/way-back';
import { go, route, type Section } from './route';
import { Drawer } from './screens/drawer';
import { History } from './screens/history';
import { Login } from './screens/login';
import { Menu } from './screens/menu';
import { Notes } from './screens/notes';
import { Orders } from './screens/orders';
import { Pair } from './screens/pair';
import { Beside } from './screens/beside';
import { Sync } from './screens/sync';
import { Voids } from './screens/voids';

export function App() {
  return (
    <>
      {phase.value === 'ready' ? <Selling /> : <Door />}
      <LiveRegion />
    </>
  );
}

/** Before somebody is logged in. */
function Door() {
  const now = phase.value;
  return (
    <div class="door" data-testid={`phase-${now}`}>
      <header class="door-head">
        <LanguageButton />
      </header>
      <main class="door-body">
        {failure.value && (
          <div class="said refused" role="alert" data-testid="failure">
            <h1>{words.value.app.failed}</h1>
            <p>{told(failure.value)}</p>
            {failure.value.code === 'insecure_page' && <a href="/trust">/trust</a>}
          </div>
        )}
        {now === 'starting' && !failure.value && <p role="status">{words.value.app.starting}</p>}
        {now === 'unpaired' && <Pair />}
        {now === 'locked' && <Login />}
      </main>
      {now === 'locked' && (
        <footer class="door-foot">
          <StatusLine />
        </footer>
      )}
    </div>
  );
}

const SCREENS: Record<Section, ComponentType> = {
  sell: Menu,
  orders: Orders,
  history: History,
  voids: Voids,
  drawer: Drawer,
  notes: Notes,
  sync: Sync,
};

const liveOrders = computed(() => orders.value.filter((order) => order.status === 'IN_PREP').length);

const NAV: readonly { section: 'sell' | 'orders' | 'history' | 'voids' | 'drawer'; icon: IconName; waiting?: () => number }[] = [
  { section: 'sell', icon: 'sell' },
  { section: 'orders', icon: 'orders', waiting: () => liveOrders.value },
  { section: 'history', icon: 'history' },
  { section: 'voids', icon: 'voids', waiting: () => voidRequests.value.length + heldSales.value.length },
  { section: 'drawer', icon: 'drawer' },
];

function Selling() {
  const { section, side } = route.value;
  const Screen = SCREENS[section];
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  // A new section is told to readers, and the keyboard starts there.
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [section]);
  useEffect(followPageUpdates, []);
  useWayBack(side.open !== 'none');

  const hasSide = section === 'sell' || side.open !== 'none';
  return (
    <div class="till" data-testid="phase-ready" data-section={section} data-side={side.open}>
      <a class="skip" href="#main" onClick={skip(main)}>
        {words.value.app.skip}
      </a>
      <Nav section={section} />
      <Top />
      <main id="main" class="panes" ref={main} tabIndex={-1} data-testid={`screen-${section}`}>
        <div class="content">
          <Screen />
        </div>
        {hasSide && <Beside />}
      </main>
    </div>
  );
}

function skip(main: { current: HTMLElement | null }) {
  return (event: Event) => {
    event.preventDefault();
    main.current?.focus();
  };
}

/** A newer page is used as soon as nothing is in the cart and nothing else is open. */
function followPageUpdates(): () => void {
  return effect(() => {
    const idle = cart.value.lines.length === 0 && route.value.side.open === 'none';
    if (pageUpdate.value === 'ready' && idle) applyPageUpdate();
  });
}

function Nav({ section }: { section: Section }) {
  return (
    <nav class="nav" aria-label={words.value.app.sections}>
      <ul>
        {NAV.map(({ section: to, icon, waiting }) => {
          const n = waiting?.() ?? 0;
          return (
            <li key={to}>
              <a
                href={`#/${to}`}
                class="nav-link"
                aria-current={section === to ? 'page' : undefined}
                data-testid={`nav-${to}`}
              >
                <span class="nav-icon">
                  <Icon name={icon} />
                  {n > 0 && (
                    <span class="count" data-testid={`badge-${to}`}>
                      {n}
                      <span class="unseen"> {words.value.nav.waiting(n)}</span>
                    </span>
                  )}
                </span>
                <span>{words.value.nav[to]}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function Top() {
  const unseen = notifications.value.length;
  return (
    <header class="top">
      <StatusLine />
      <p class="where soft small">
        {catalogue.value?.document.seller.branch_name}
        {till.value?.name && ` · ${till.value.name}`}
      </p>
      <div class="top-acts">
        <LanguageButton />
        <button
          type="button"
          class="act icon quiet"
          aria-label={words.value.notes.open(unseen)}
          data-testid="open-notes"
          onClick={() => go('notes')}
        >
          <span class="nav-icon">
            <Icon name="bell" />
            {unseen > 0 && (
              <span class="count" aria-hidden="true" data-testid="badge-notes">
                {unseen}
              </span>
            )}
          </span>
        </button>
        <button
          type="button"
          class="act quiet who"
          aria-label={me.value ? `${words.value.sync.person}: ${me.value.name}` : words.value.sync.person}
          data-testid="open-person"
          onClick={() => go('sync')}
        >
          <Icon name="person" />
          <span class="who-name">{me.value?.name}</span>
        </button>
      </div>
    </header>
  );
}

function LanguageButton() {
  const other = language.value === 'en' ? 'km' : 'en';
  return (
    <button
      type="button"
      class="act quiet language"
      lang={other}
      data-testid="language"
      onClick={() => speak(other)}
    >
      {words.value.app.otherShort}
      {other === 'en' && <span class="unseen"> {words.value.app.otherLanguage}</span>}
    </button>
  );
}
