import { expectAccessible, expectNoSidewaysScrolling } from '../fixtures/axe.ts';
import { expectNoEnglish } from '../fixtures/german.ts';
import { mayTakePicture } from '../fixtures/picture.ts';
import { expect, test, type Socket } from '../fixtures/test.ts';
import { ListPage } from '../pages/list.ts';

/** Somebody with everything that a row can show, and others. */
async function fillWard(lab: Socket) {
    const ada = await lab.admit({
        title: 'Dr.', birth_date: '1985-12-10', nhs_number: '9434765919', ward: 'Innere', room: '12', bed: 'A1',
        attending: 'Dr. Osei', team: 'Chirurgie', reason: 'Schenkelhalsfraktur', acuity: 1, allergy_status: 'known',
        code_status: 'limited', flags: [{ code: 'falls', text: '' }, { code: 'isolation', text: '' }],
    });
    const grace = await lab.admit({
        first_name: 'Grace', last_name: 'Hopper', ward: 'Innere', bed: 'A2', acuity: 4, allergy_status: 'none_known',
        code_status: 'full', birth_date: '1950',
    });
    await lab.admit({ first_name: 'Mary', last_name: 'Somerville', status: 'on_leave' });
    const gone = await lab.admit({ first_name: 'Zofia', last_name: 'Kowalczyk', ward: 'Innere', bed: 'A3' });
    await lab.change(gone, { status: 'discharged' });
    return { ada, grace };
}

const ADA = 'LOVELACE, Ada (Dr.)';

for (const colorScheme of ['light', 'dark'] as const) {
    for (const [device, width, height] of [['desktop', 1440, 900], ['phone', 360, 800]] as const) {
        test(`a user who has chosen German reads German everywhere, ${colorScheme}, ${device}`, async ({ open, lab, line }) => {
            test.slow();
            const { ada, grace } = await fillWard(lab);
            const list = await open('sister', { at: line.url, colorScheme, viewport: { width, height } });
            const { page, dialog } = list;
            const all = page.locator('body');
            const check = async (screen: string, ...german: string[]) => {
                for (const words of german) await expect(all, screen).toContainText(words);
                await expectNoEnglish(page, screen);
                await expectAccessible(page, screen);
                await expectNoSidewaysScrolling(page, screen);
                await mayTakePicture(page, `german ${screen} ${colorScheme} ${device}`);
            };
            const leave = async () => {
                await page.keyboard.press('Escape');
                await dialog.isClosed();
            };

            await list.more('Deutsch');
            await expect(page.locator('html')).toHaveAttribute('lang', 'de');
            await list.isLive();
            await expect(page).toHaveTitle('Patienten · Wardwatch');
            await check(
                'list', 'Alle Stationen', 'Geb. 10-Dec-1985 (', ' J.)', 'NHS-Nr. 943 476 5919', '⚠ Allergien',
                '⚠ Reanimation eingeschränkt', '⚑ Sturzgefahr', 'Geb. 1950 (etwa ', 'Beurlaubt', 'NICHT BELEGT',
                'Gefiltert: hier oder erwartet. 3 von 4 Patienten.', 'Ende der Liste',
            );

            await lab.change(grace, { attending: 'Dr. Novak' });
            await lab.admit({ first_name: 'Emmy', last_name: 'Noether', ward: 'Innere', bed: 'A4' });
            await list.letGo();
            await expect(page).toHaveTitle('(2) Patienten · Wardwatch');
            await expect(list.announcer).toHaveText(/\d Patienten? aktualisiert/);
            await check('marks', '2 Änderungen', 'Geändert von lab', 'Neu auf dieser Liste, von lab');

            await page.getByRole('searchbox', { name: 'Suche' }).fill('lovelace');
            await list.status.selectOption('all');
            await check('search', 'Gefiltert: passend zu „lovelace“. 1 von 5 Patienten.');
            await list.status.selectOption('discharged');
            await page.locator('#search').fill('');
            await check('filter', 'Gefiltert: entlassen. 1 von 5 Patienten.', 'Entlassen ');
            await page.getByRole('button', { name: 'Alle zeigen' }).click();
            await expect(list.filters).toHaveText('Alle 5 Patienten.');

            await page.getByRole('button', { name: 'Station', exact: true }).click();
            await check('ward', 'Innere', 'von 4 Betten belegt');
            await page.getByRole('button', { name: 'Liste', exact: true }).click();

            await list.openPatient(ADA);
            await check('record', 'Rufname', 'Unbekannt', 'Patientennummer (MRN)', 'Innere, 12, Bett A1', 'Letzte Änderung');
            await dialog.press('Bearbeiten');
            await dialog.fill({ 'NHS-Nummer': '9434765918', Geburtsdatum: 'neulich', Vorname: '' });
            await dialog.press('Speichern');
            await check(
                'form with errors', `${ADA} bearbeiten`, 'Die Prüfziffer passt nicht.', 'Das Datum ist nicht lesbar.',
                'Hier fehlt eine Angabe.', 'Dekubitusprophylaxe', '1 (am dringendsten)',
            );
            await dialog.fill({ 'NHS-Nummer': '9434765919', Geburtsdatum: '1985-12-10', Vorname: 'Ada', Grund: 'Hüfte' });
            const newer = await lab.change(ada, { reason: 'Sturz', team: 'Geriatrie' });
            await dialog.press('Speichern');
            await check(
                'conflict', 'Jemand anderes hat diesen Patienten geändert', 'Meine Angabe: Hüfte', 'Andere Angabe: Sturz',
                'Team: Chirurgie → Geriatrie',
            );
            await page.keyboard.press('Escape');
            await check('question about what was typed', 'Drücken Sie noch einmal Esc');
            await leave();

            await list.openPatient(ADA);
            await dialog.press('Verlegen');
            await dialog.fill({ Bett: 'A2' });
            await check('transfer', `${ADA} verlegen`, 'Jetzt: Innere, 12, Bett A1.', 'Schon in diesem Bett');
            await dialog.fill({ Bett: 'B7' });
            await dialog.press('Verlegen');
            await expect(list.toast).toContainText(`${ADA} ist jetzt hier: Innere, 12, Bett B7`);
            await check('transferred');

            await list.openPatient(ADA);
            await dialog.press('Entlassen');
            await check('discharge', `Entlassen: ${ADA}?`, 'Aufgenommen, Innere', 'Sie können es danach zurücknehmen.');
            await dialog.press('Entlassen');
            await expect(list.toast).toContainText(`Entlassen: ${ADA}`);
            await check('discharged');
            await list.toast.getByRole('button', { name: 'Rückgängig' }).click();
            await expect(dialog.title).toHaveText(`Rückgängig: ${ADA}?`);
            await check('undo');
            await dialog.press('Rückgängig');
            await expect(list.toast).toContainText(`Zurückgenommen: ${ADA}`);

            await list.openPatient(ADA);
            await dialog.press('Löschen');
            await check('delete', `${ADA} löschen?`, 'Wer geht, wird entlassen.', `${ADA} · NHS-Nr. 943 476 5919 löschen`);
            await leave();

            await page.getByRole('button', { name: 'Patient aufnehmen' }).click();
            await dialog.press('Aufnehmen');
            await check('admission', 'Hier fehlt eine Angabe.', 'Aufgenommen: ist da', 'Geb. unbekannt');
            await dialog.press('Abbrechen');
            await dialog.isClosed();

            line.cut();
            await expect(list.badge).toHaveText('✕ Nicht live');
            await list.openPatient(ADA);
            await dialog.press('Bearbeiten');
            await dialog.fill({ Grund: 'Hüfte' });
            await check('form, not live', 'Dies bleibt auf diesem Gerät');
            await dialog.press('Behalten, bis live');
            await check('kept', 'Auf diesem Gerät behalten', 'Noch nicht gesendet', '1 Änderung auf diesem Gerät ist noch nicht gespeichert.');
            await lab.delete(newer);
            line.mend();
            await list.isLive();
            await expect(list.unsaved).toHaveText('1 Änderung braucht Ihre Entscheidung.');
            await page.getByRole('button', { name: 'Zeigen', exact: true }).click();
            await check('what is not saved', '⚠ Dieser Patient wurde inzwischen gelöscht', 'Grund: Sturz → Hüfte', 'Verwerfen');
        });
    }
}

test('without a script German is read too', async ({ open, lab }) => {
    await fillWard(lab);
    const chosen = await open('sister', { locale: 'de-DE' });
    await expect(chosen.page.locator('html')).toHaveAttribute('lang', 'de');
    const { page, banner } = await open('sister', { javaScriptEnabled: false, locale: 'de-AT' });
    await expect(banner).toContainText('Diese Liste aktualisiert sich nicht von selbst, weil Skripte');
    await expect(page.locator('body')).toContainText('Geb. 10-Dec-1985');
});

test('the choice of a language stays, on every screen', async ({ open }) => {
    const list = await open('sister', { locale: 'en-GB' });
    await list.more('Deutsch');
    await expect(list.page.locator('html')).toHaveAttribute('lang', 'de');
    const another = new ListPage((await open('sister', { locale: 'en-GB' })).page);
    await expect(another.page.locator('html')).toHaveAttribute('lang', 'de');
    await another.more('English');
    await expect(another.page.locator('html')).toHaveAttribute('lang', 'en');
    await expect(another.admitButton).toBeVisible();
});
