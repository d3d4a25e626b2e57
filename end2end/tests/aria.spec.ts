import { expect, test } from '../fixtures/test.ts';

const ADA = 'LOVELACE, Ada (Ms)';

test('what a screen reader is told of the list', async ({ open, lab }) => {
    const ada = await lab.admit({
        title: 'Ms', birth_date: '1985-12-10', nhs_number: '9434765919', ward: 'Elm', room: 'Bay 1', bed: 'A1', acuity: 2,
        attending: 'Dr A. Osei', team: 'Surgery', reason: 'Hip fracture', allergy_status: 'known', code_status: 'full',
        admission_date: '2026-03-01T09:30:00Z', flags: [{ code: 'falls', text: '' }],
    });
    await lab.admit({
        first_name: 'Grace', last_name: 'Hopper', ward: 'Elm', bed: 'A2', status: 'discharged',
        admission_date: '2026-03-01T09:30:00Z', dismissal_date: '2026-03-02T10:00:00Z',
    });
    const list = await open('sister');
    await expect(list.page.getByRole('main')).toMatchAriaSnapshot({ name: 'list.aria.yml' });
    // And of a change by somebody else: what changed, by whom, and the way to have seen it.
    await lab.change(ada, { acuity: 1, attending: 'Dr E. Novak' });
    await list.row(ADA).isChanged('lab', 'Attending', 'Alerts');
    await expect(list.row(ADA).root).toMatchAriaSnapshot({ name: 'changed-row.aria.yml' });
});
