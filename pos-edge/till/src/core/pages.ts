// The service worker of this page, and its newer versions.
//
// Guarantees: a newer page waits until somebody uses it; this one goes on with its own
// files until then. Where there is no service worker (plain HTTP on another machine,
// development) the page works as long as the edge serves it.
import type { Pages } from './ports';

export function browserPages(): Pages | null {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return null;
  const container = navigator.serviceWorker;
  let waiting: ServiceWorker | null = null;
  let using = false;

  return {
    watch(ready) {
      let known = container.controller !== null;
      // The first worker of this device is no news; one that waits behind it is.
      let early: ServiceWorker | null = null;
      const found = (worker: ServiceWorker) => {
        if (!known) {
          early = worker;
          return;
        }
        waiting = worker;
        ready();
      };
      container.addEventListener('controllerchange', () => {
        if (using) {
          location.reload();
        } else if (known) {
          // Another tab put a newer page to use: this one follows when it can.
          ready();
        } else {
          known = true;
          if (early && early !== container.controller) found(early);
        }
      });
      void register(found);
    },
    use() {
      using = true;
      if (waiting?.state === 'installed') waiting.postMessage('use');
      else location.reload();
    },
  };

  async function register(found: (worker: ServiceWorker) => void): Promise<void> {
    try {
      const registration = await container.register('/sw.js');
      if (registration.waiting) found(registration.waiting);
      registration.addEventListener('updatefound', () => {
        const worker = registration.installing;
        worker?.addEventListener('statechange', () => {
          if (worker.state === 'installed') found(worker);
        });
      });
      document.addEventListener('visibilitychange', () => {
        // Without the edge it fails, and the next time is as good.
        if (document.visibilityState === 'visible') registration.update().catch(() => undefined);
      });
    } catch {
      // A page without one sells as well; it cannot be loaded without the edge.
    }
  }
}
