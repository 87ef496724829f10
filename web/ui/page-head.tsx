/** The head of a page beside the list. */
import type { ComponentChildren } from 'preact';
import { Icon } from './icon.js';
import { fragmentOf } from './route.js';

export function PageHead({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <header class="page-head">
      <a class="icon-button back" href={fragmentOf({ at: 'list' })} aria-label="Back to the list">
        <Icon name="back" />
      </a>
      <h2>{title}</h2>
      {children}
    </header>
  );
}
