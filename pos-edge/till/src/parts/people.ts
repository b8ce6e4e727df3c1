/** Names of people and tills, as the catalogue has them. */
import { computed } from '@preact/signals';
import { catalogue, me } from '../core';
import { words } from '../i18n/language';

const staff = computed(
  () => new Map(catalogue.value?.document.staff.map((person) => [person.staff_id, person.name]) ?? []),
);

const devices = computed(
  () => new Map(catalogue.value?.document.devices.map((device) => [device.device_id, device.name]) ?? []),
);

export const staffName = (id: string): string => staff.value.get(id) ?? words.value.voids.somebody;
export const deviceName = (id: string): string => devices.value.get(id) ?? id.slice(0, 8);

/** Whether who is logged in may decide what a cashier may only ask for. */
export const decides = computed(() => me.value?.role === 'MANAGER' || me.value?.role === 'ADMIN');
