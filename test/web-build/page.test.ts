import { describe, expect, it } from 'vitest';
import { referencesOf, rewritten } from '../../web-build/page.js';

const page = `<head>
<link rel="manifest" href="./app.webmanifest">
<link rel="stylesheet" href="/styles/app.css">
<a href="https://example.com/x.css">elsewhere</a>
</head>
<script type="module" src="main.tsx"></script>`;

describe('the page of a build', () => {
  it('names what it loads of the sources', () => {
    const there = ['app.webmanifest', 'styles/app.css', 'main.tsx'];
    expect(referencesOf(page, (path) => there.includes(path))).toEqual(there);
  });

  it('loads what the build made of them, styles of scripts included, by relative paths', () => {
    const made = rewritten(
      page,
      new Map([
        ['styles/app.css', { path: 'assets/app-1.css', css: undefined }],
        ['main.tsx', { path: 'assets/main-2.js', css: 'assets/main-3.css' }],
      ]),
    );
    expect(made).toContain('href="./assets/app-1.css"');
    expect(made).toContain('src="./assets/main-2.js"');
    expect(made).toContain('<link rel="stylesheet" href="./assets/main-3.css">\n</head>');
    expect(made).toContain('href="./app.webmanifest"');
    expect(made).toContain('href="https://example.com/x.css"');
  });
});
