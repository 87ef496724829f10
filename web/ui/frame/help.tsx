/** The keys of this page. */
import { Dialog } from '../dialog.js';
import { closeDialog } from '../overlay.js';
import { shortcuts, terminalShortcuts } from './shortcuts.js';

export function Help() {
  return (
    <Dialog title="Keys" onClose={closeDialog} kind="wide">
      <div class="help">
        <Keys title="Everywhere" table={shortcuts} />
        <Keys title="In a terminal" table={terminalShortcuts} />
        <p class="help-note">In a terminal all other keys are the program’s, Tab and Escape too.</p>
      </div>
    </Dialog>
  );
}

function Keys({ title, table }: { readonly title: string; readonly table: typeof shortcuts }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl class="keys">
        {table.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
