import { expect, type Page } from '@playwright/test';

/** What is written on the doors. */
const WORDS = {
    en: {
        password: 'Password', signIn: 'Sign in', present: 'Present password', chosen: 'New password',
        again: 'New password again', save: 'Save',
    },
    de: {
        password: 'Passwort', signIn: 'Anmelden', present: 'Bisheriges Passwort', chosen: 'Neues Passwort',
        again: 'Neues Passwort noch einmal', save: 'Speichern',
    },
};

export type DoorLanguage = keyof typeof WORDS;

/** The door. */
export class SignInPage {
    readonly name;
    readonly password;
    readonly button;
    readonly problem;

    constructor(readonly page: Page, language: DoorLanguage = 'en') {
        this.name = page.getByLabel('Name');
        this.password = page.getByLabel(WORDS[language].password);
        this.button = page.getByRole('button', { name: WORDS[language].signIn });
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

    constructor(readonly page: Page, language: DoorLanguage = 'en') {
        const words = WORDS[language];
        this.present = page.getByLabel(words.present);
        this.chosen = page.getByLabel(words.chosen, { exact: true });
        this.again = page.getByLabel(words.again);
        this.button = page.getByRole('button', { name: words.save });
        this.problem = page.getByRole('alert');
    }

    async change(present: string, chosen: string, again = chosen): Promise<void> {
        await this.present.fill(present);
        await this.chosen.fill(chosen);
        await this.again.fill(again);
        await this.button.click();
    }
}
