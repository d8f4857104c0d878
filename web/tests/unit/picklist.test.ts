import { createApp, h, nextTick, ref, type App } from 'vue';
import { afterEach, describe, expect, it } from 'vitest';
import { i18n } from '@/i18n';
import PickList, { type Option } from '@/shared/ui/PickList.vue';

let app: App | null = null;
afterEach(() => { app?.unmount(); document.body.innerHTML = ''; });

const water: Option = { id: '1', name: '区水务局' };
const green: Option = { id: '2', name: '区绿化市容局' };

/** A form with one list in it: what was chosen, and how often the form was sent. */
function form(options: Option[], given: string | null) {
  const all = ref(options);
  const chosen = ref(given);
  app = createApp(() => h(PickList, { label: '主办单位', options: all.value, modelValue: chosen.value, 'onUpdate:modelValue': (id: string | null) => { chosen.value = id; } }));
  app.use(i18n);
  document.body.innerHTML = '<div></div>';
  app.mount(document.body.firstElementChild ?? document.body);
  const field = document.querySelector('input') as HTMLInputElement;
  const press = async (key: string): Promise<boolean> => {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
    field.dispatchEvent(event);
    await nextTick();
    return event.defaultPrevented;
  };
  const type = async (text: string): Promise<void> => {
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await nextTick();
  };
  return { all, chosen, field, press, type };
}

describe('a list to pick from', () => {
  it('takes Enter for itself, open or closed: a form is never sent by choosing once more', async () => {
    const { chosen, field, press, type } = form([water, green], '1');
    await type('绿化');
    expect(await press('Enter')).toBe(true);
    expect(chosen.value).toBe('2');
    expect(field.getAttribute('aria-expanded')).toBe('false');
    expect(await press('Enter')).toBe(true);
    expect(field.getAttribute('aria-expanded')).toBe('true');
    expect(chosen.value).toBe('2');
  });

  it('keeps what is being typed when the options come late', async () => {
    const { all, chosen, field, press, type } = form([], '1');
    await type('绿化');
    all.value = [water, green];
    await nextTick();
    expect(field.value).toBe('绿化');
    await press('Enter');
    expect(chosen.value).toBe('2');
  });
});
