/** A button with a menu: arrow keys, Home and End move, Escape and Tab close, and the focus comes back. */
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.js';

export interface MenuItem {
  readonly label: string;
  readonly icon: IconName;
  readonly danger?: boolean;
  readonly run: () => void;
}

export function MenuButton({
  label,
  items,
  tabIndex,
}: {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly tabIndex?: number;
}) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();

  useLayoutEffect(() => {
    const shown = menu.current;
    const at = button.current?.getBoundingClientRect();
    if (!open || shown === null || at === undefined) return;
    // Beside the button, inside the window, above everything that scrolls.
    const { width, height } = shown.getBoundingClientRect();
    const below = at.bottom + 4 + height <= innerHeight;
    shown.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - 4 - height)}px`;
    shown.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
    entries(shown)[0]?.focus();
  }, [open]);

  useEffect(() => {
    if (!open) return;
    const ended = (event: Event): void => {
      const { target } = event;
      if (target instanceof Node && (menu.current?.contains(target) || button.current?.contains(target)))
        return;
      setOpen(false);
    };
    addEventListener('pointerdown', ended, true);
    addEventListener('scroll', ended, true);
    addEventListener('resize', ended);
    return () => {
      removeEventListener('pointerdown', ended, true);
      removeEventListener('scroll', ended, true);
      removeEventListener('resize', ended);
    };
  }, [open]);

  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = entries(menu.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    event.stopPropagation();
    if (to !== undefined) {
      event.preventDefault();
      all[to % all.length]?.focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      if (event.key === 'Escape') event.preventDefault();
      close();
    }
  };

  return (
    <>
      <button
        ref={button}
        type="button"
        class="icon-button"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        {...(open ? { 'aria-controls': id } : {})}
        {...(tabIndex === undefined ? {} : { tabIndex })}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div ref={menu} id={id} class="menu" role="menu" aria-label={label} onKeyDown={onKeyDown}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              class={item.danger === true ? 'menu-item danger' : 'menu-item'}
              onClick={() => {
                close();
                item.run();
              }}
            >
              <Icon name={item.icon} />
              {item.label}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

function entries(menu: HTMLElement | null): HTMLElement[] {
  return menu === null ? [] : [...menu.querySelectorAll<HTMLElement>('[role="menuitem"]')];
}
