import { expect, type Dialog, type Locator, type Page } from '@playwright/test';
import { Shown } from './shown.ts';

/** Labels of the form's fields and what is typed or picked there. */
export type Values = Record<string, string>;

/** The list, and what a clinician does with it. Patients go by the name that the list shows: `LOVELACE, Ada`. */
export class ListPage {
    readonly badge;
    readonly banner;
    readonly table;
    readonly updates;
    readonly markAllSeen;
    readonly toast;
    readonly announcer;
    readonly filters;
    readonly search;
    readonly ward;
    readonly status;
    readonly showAll;
    readonly admitButton;
    readonly dialog;
    /** What is said under the header about changes that are not saved. */
    readonly unsaved;
    readonly keeps;
    /** How many rows wait until no hand is on the list, and the way to them. */
    readonly waiting;

    constructor(readonly page: Page) {
        this.badge = page.locator('#link');
        this.banner = page.locator('.banner:visible');
        this.table = page.getByRole('region', { name: 'Patients', exact: true });
        this.updates = page.locator('.updates span');
        this.markAllSeen = page.getByRole('button', { name: 'Mark all seen' });
        this.toast = page.locator('.toast');
        this.announcer = page.locator('#announcer');
        this.filters = page.locator('#filters span');
        this.search = page.getByLabel('Search');
        this.ward = page.locator('#ward');
        this.status = page.locator('#status');
        this.showAll = page.getByRole('button', { name: 'Show all' });
        this.admitButton = page.getByRole('button', { name: 'Admit a patient' });
        this.dialog = new PatientDialog(page);
        this.unsaved = page.locator('#unsaved');
        this.waiting = page.locator('#waiting');
        this.keeps = page.getByLabel('Keep my changes on this device while the list is not live');
    }

    // ------------------------------------------------------------------------------------------------ what is seen

    row(name: string): Row {
        const named = this.page.locator('.name', { hasText: exactly(name) });
        return new Row(this.page.locator('tbody tr').filter({ has: named }));
    }

    /** The patients' names from top to bottom. */
    get names(): Locator {
        return this.page.locator('tbody .name');
    }

    column(title: string): Locator {
        return this.page.getByRole('columnheader', { name: title });
    }

    async isLive(): Promise<void> {
        // A page that waits to reconnect may wait ten seconds, and the server may have to start first.
        await expect(this.badge).toHaveText('● Live', { timeout: 30_000 });
    }

    async isNotLive(): Promise<void> {
        // A line that falls silent is given up after two and a half heartbeats, at the next tick.
        await expect(this.badge).toHaveText('✕ Not live', { timeout: 30_000 });
    }

    /** Leaves something in the page that no reload leaves there; to be asked for by [`isSamePage`]. */
    async remember(): Promise<void> {
        await this.page.evaluate(() => Object.assign(window, { remembered: true }));
    }

    async isSamePage(): Promise<void> {
        expect(await this.page.evaluate(() => 'remembered' in window), 'the page was not loaded again').toBe(true);
    }

    /** Notes all that this says from now on. */
    async listenTo(what: Locator): Promise<() => Promise<string[]>> {
        const said = await what.evaluateHandle(element => {
            const said: string[] = [];
            const note = () => {
                const words = element.textContent ?? '';
                if (words !== said.at(-1)) said.push(words);
            };
            new MutationObserver(note).observe(element, { subtree: true, characterData: true, childList: true });
            return said;
        });
        return () => said.jsonValue();
    }

    // ---------------------------------------------------------------------------------------------- what is done

    async admit(values: Values): Promise<void> {
        await this.admitButton.click();
        await this.dialog.fill(values);
        await this.dialog.press('Admit');
    }

    async openPatient(name: string): Promise<PatientDialog> {
        await this.row(name).name.click();
        await expect(this.dialog.title).toHaveText(name);
        return this.dialog;
    }

    /** Opens the form without saving. */
    async startEdit(name: string): Promise<PatientDialog> {
        await (await this.openPatient(name)).press('Edit');
        await expect(this.dialog.title).toHaveText(`Edit ${name}`);
        return this.dialog;
    }

    async edit(name: string, values: Values): Promise<void> {
        const dialog = await this.startEdit(name);
        await dialog.fill(values);
        await dialog.press('Save');
    }

    /** As above while the list is not live. */
    async keepEdit(name: string, values: Values): Promise<void> {
        const dialog = await this.startEdit(name);
        await dialog.fill(values);
        await dialog.press('Keep until live');
        await expect(this.toast).toContainText(`Kept on this device, not saved yet: ${name}.`);
        await dialog.isClosed();
    }

    /** Opens the list of what is not saved. */
    async showUnsaved(): Promise<PatientDialog> {
        await this.page.getByRole('button', { name: 'Show', exact: true }).click();
        await expect(this.dialog.title).toHaveText('Changes on this device');
        return this.dialog;
    }

    /** Loads the page again, whatever it asks beforehand. */
    async reload(): Promise<void> {
        const leave = (dialog: Dialog) => dialog.accept();
        this.page.once('dialog', leave);
        await this.page.reload();
        this.page.off('dialog', leave);
    }

    async transfer(name: string, values: Values): Promise<void> {
        await (await this.openPatient(name)).press('Transfer');
        await this.dialog.fill(values);
        await this.dialog.press('Transfer');
    }

    async discharge(name: string): Promise<void> {
        await (await this.openPatient(name)).press('Discharge');
        await expect(this.dialog.title).toHaveText(`Discharge: ${name}?`);
        await this.dialog.press('Discharge');
    }

    /** What was done last to this patient. */
    async undo(name: string): Promise<void> {
        await this.toast.getByRole('button', { name: 'Undo' }).click();
        await expect(this.dialog.title).toHaveText(`Undo: ${name}?`);
        await this.dialog.press('Undo');
    }

    async delete(name: string): Promise<void> {
        await (await this.openPatient(name)).press('Delete');
        await expect(this.dialog.title).toHaveText(`Delete ${name}?`);
        await this.dialog.root.getByRole('button', { name: `Delete ${name}` }).click();
    }

    /** Takes pointer and focus off the rows. */
    async letGo(): Promise<void> {
        await this.page.mouse.move(2, 2);
        await this.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    }

    /** What is under "More". */
    private async openMenu(): Promise<Locator> {
        const menu = this.page.locator('.menu');
        if (!(await menu.evaluate(element => (element as HTMLDetailsElement).open))) await menu.locator('summary').click();
        return menu;
    }

    /** Follows a link there. */
    async follow(link: string): Promise<void> {
        await (await this.openMenu()).getByRole('link', { name: link }).click();
    }

    /** Presses or ticks what is there. */
    async more(what: string): Promise<void> {
        const menu = await this.openMenu();
        await menu.getByRole('button', { name: what }).or(menu.getByLabel(what)).click();
    }

    /** The column that is not chosen at first: with it the list is wider than a tablet. */
    async chooseNote(): Promise<void> {
        await this.more('Columns…');
        await this.dialog.root.getByLabel('Note', { exact: true }).check();
        await this.dialog.press('Back to the list');
        await this.dialog.isClosed();
    }

    /** Everything counts as seen. */
    async clearAll(): Promise<void> {
        await this.markAllSeen.click();
        await this.dialog.press('Mark all as seen');
        await this.dialog.isClosed();
    }

    async signOut(): Promise<void> {
        await this.page.getByRole('button', { name: 'Sign out' }).click();
    }
}

/** A patient's row. */
export class Row extends Shown {
    readonly changedCells;
    /** What has become of the user's own change. */
    readonly pending;

    constructor(root: Locator) {
        super(root);
        this.changedCells = root.locator('.changed');
        this.pending = root.locator('.pending');
    }

    cell(column: 'Place' | 'Status' | 'Admitted' | 'Attending' | 'Alerts' | 'Note'): Locator {
        return this.root.locator(`[data-label="${column}"]`);
    }

    async isNew(by: string): Promise<void> {
        await expect(this.mark).toContainText(`● New on this list by ${by}`);
    }

    /** Says so, and points to the cells. */
    async isChanged(by: string, ...columns: Parameters<Row['cell']>[0][]): Promise<void> {
        await expect(this.mark).toContainText(`● Changed by ${by}`);
        for (const column of columns) await expect(this.cell(column)).toContainText('●Changed: ');
        await expect(this.changedCells).toHaveCount(columns.length);
    }

    async isDeleted(by: string): Promise<void> {
        await expect(this.mark).toContainText(`● Deleted by ${by}`);
    }

    async isUnmarked(): Promise<void> {
        await expect(this.name).toBeVisible();
        await expect(this.mark).toHaveCount(0);
        await expect(this.changedCells).toHaveCount(0);
    }

    async isNotSent(): Promise<void> {
        await expect(this.pending).toHaveText('◔ Not sent yet');
    }

    async needsDecision(): Promise<void> {
        await expect(this.pending).toHaveText('⚠ Needs your decision');
    }

    /** As the database has it, nothing of the user's own being under way. */
    async isSettled(): Promise<void> {
        await expect(this.root.locator('.pending, .saving')).toHaveCount(0);
    }

    async isGone(): Promise<void> {
        await expect(this.root).toHaveCount(0);
    }
}

/** Whatever covers the list: a record, a form, a question. */
export class PatientDialog {
    readonly root;
    readonly title;
    readonly identifiers;
    readonly problem;

    constructor(page: Page) {
        this.root = page.getByRole('dialog');
        this.title = this.root.locator('h2:visible');
        this.identifiers = this.root.locator('.identifiers:visible');
        this.problem = this.root.getByRole('alert');
    }

    /** A field by its label; required ones have a star. */
    field(label: string): Locator {
        return this.root.getByLabel(new RegExp(`^${label}( \\*)?$`));
    }

    button(name: string): Locator {
        return this.root.getByRole('button', { name, exact: true });
    }

    async press(button: string): Promise<void> {
        await this.button(button).click();
    }

    async fill(values: Values): Promise<void> {
        for (const [label, value] of Object.entries(values)) {
            const field = this.field(label);
            if ((await field.evaluate(element => element.tagName)) === 'SELECT') await field.selectOption(value);
            else await field.fill(value);
        }
    }

    /** What the record says: `fact('Born')`. */
    fact(label: string): Locator {
        const named = this.root.page().locator('dt', { hasText: exactly(label) });
        return this.root.locator('.record > div').filter({ has: named });
    }

    /** One of the changes that are not saved. */
    unsaved(name: string): Locator {
        return this.root.locator('.unsaved-item').filter({ hasText: name });
    }

    /** Both versions of a field that two people changed. */
    conflictOn(label: string): Locator {
        return this.root.getByRole('group', { name: label });
    }

    async isClosed(): Promise<void> {
        await expect(this.root).toHaveCount(0);
    }
}

function exactly(text: string): RegExp {
    return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
