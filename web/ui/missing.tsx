/** Where something should be and is not. */
import { Icon } from './icon.js';
import { fragmentOf } from './route.js';

export function Missing({ what, waiting = false }: { readonly what: string; readonly waiting?: boolean }) {
  return (
    <div class="missing">
      <p>
        {waiting && <span class="spinner" aria-hidden="true" />}
        {what}
      </p>
      <a class="button" href={fragmentOf({ at: 'list' })}>
        <Icon name="back" />
        To the list
      </a>
    </div>
  );
}
