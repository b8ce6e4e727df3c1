import { afterEach, describe, expect, it } from 'vitest';
import { closeShops, sell, sellingShop } from '../testing/shop';

afterEach(closeShops);

describe('what is kept on this device', () => {
  it('is encrypted with a key that cannot be read', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab, device } = shop;
    edge.turn('off');
    await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
    await sell(shop, tab);
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open(device.database);
      opening.onsuccess = () => resolve(opening.result);
    });
    const all = await Promise.all(
      ['keys', 'vault', 'queue'].map(
        (store) =>
          new Promise<unknown[]>((resolve) => {
            const reading = database.transaction(store).objectStore(store).getAll();
            reading.onsuccess = () => resolve(reading.result as unknown[]);
          }),
      ),
    );
    const [keys, vault, queue] = all;
    const key = keys?.[0] as CryptoKey;
    expect(key.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
    const bytes = [...(vault ?? []), ...(queue ?? []).map((one) => (one as { sealed: unknown }).sealed)].map(
      (one) => Buffer.from((one as { data: ArrayBuffer }).data).toString('latin1'),
    );
    expect(bytes).toHaveLength(2);
    for (const text of bytes) for (const secret of ['till-token', 'login-', 'Latte', '6.71']) expect(text).not.toContain(secret);
    expect(JSON.stringify(queue)).not.toContain('6.71');
    database.close();
  });

  it('is told when it cannot be decrypted, and stays', async () => {
    const shop = await sellingShop();
    const { simulation, edge, tab, device } = shop;
    edge.turn('off');
    await simulation.when('the till knows', () => !tab.core.edgeLink.value.reachable);
    await sell(shop, tab);
    tab.kill();
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open(device.database);
      opening.onsuccess = () => resolve(opening.result);
    });
    const lost = database.transaction('keys', 'readwrite');
    lost.objectStore('keys').clear();
    await new Promise((resolve) => (lost.oncomplete = resolve));
    database.close();
    const again = await device.open();
    expect(again.core.phase.value).toBe('unpaired');
    expect(again.core.queue.value).toMatchObject({ sales: [], unreadable: 1 });
  });

  it('refuses to sell where no sale fits any more', async () => {
    const { simulation, tab, device } = await sellingShop();
    device.room = { usage: 800_000_000, quota: 1_000_000_000 };
    tab.wakeUp();
    await simulation.when('it is full', () => !tab.core.selling.value.can);
    expect(tab.core.selling.value).toEqual({ can: false, why: 'device_storage_full' });
    expect(tab.core.room.value.device).toMatchObject({ salesLeft: 0, persisted: true });
  });
});
