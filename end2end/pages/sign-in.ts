import { expect, type Page } from '@playwright/test';

/** The door. */
export class SignInPage {
    readonly name;
    readonly password;
    readonly button;
    readonly problem;

    constructor(readonly page: Page) {
        this.name = page.getByLabel('Name');
        this.password = page.getByLabel('Password');
        this.button = page.getByRole('button', { name: 'Sign in' });
        this.problem = page.getByRole('alert');
    }

    async signIn(name: string, password: string): Promise<void> {
        await this.name.fill(name);
        await this.password.fill(password);
        await this.button.click();
    }

    async isShown(): Promise<void> {
        await expect(this.page).toHaveURL(/\/sign-in$/);
        await expect(this.button).toBeVisible();
    }
}

/** Where one chooses a password. */
export class PasswordPage {
    readonly present;
    readonly chosen;
    readonly again;
    readonly button;
    readonly problem;

    constructor(readonly page: Page) {
        this.present = page.getByLabel('Present password');
        this.chosen = page.getByLabel('New password', { exact: true });
        this.again = page.getByLabel('New password again');
        this.button = page.getByRole('button', { name: 'Save' });
        this.problem = page.getByRole('alert');
    }

    async change(present: string, chosen: string, again = chosen): Promise<void> {
        await this.present.fill(present);
        await this.chosen.fill(chosen);
        await this.again.fill(again);
        await this.button.click();
    }
}
