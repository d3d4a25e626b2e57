import type { Patient, Socket } from '../fixtures/test.ts';

/** What a day on the wards does to a list, much faster: of forty changes one admits, one deletes, four move somebody, and the others edit. */
const ROUND = 40;
const ADMITS = 7;
const DELETES = 27;
const MOVES = [3, 13, 23, 33];

/** Another program that writes so many changes a second, whatever the answers take. */
export class Writer {
    private sent = 0;
    private answered = 0;
    private readonly began = performance.now();
    private readonly timer;
    private readonly open = new Set<Promise<unknown>>();

    constructor(
        private readonly socket: Socket,
        private readonly patients: Patient[],
        private readonly perSecond: number,
    ) {
        this.timer = setInterval(() => this.keepUp(), 5);
    }

    private keepUp(): void {
        const due = Math.floor(((performance.now() - this.began) / 1000) * this.perSecond);
        while (this.sent < due) {
            const change = this.write(this.sent++).then(() => this.answered++);
            this.open.add(change);
            void change.finally(() => this.open.delete(change));
        }
    }

    private async write(number: number): Promise<unknown> {
        const { socket, patients } = this;
        const at = (number * 7919) % patients.length;
        const patient = patients[at];
        const kind = number % ROUND;
        if (kind === ADMITS) {
            const { ward, room } = patient;
            const admitted = { first_name: 'Newly', last_name: `Admitted ${number}`, ward, room, bed: `N${number % 90}` };
            patients.push(await socket.admit(admitted));
            return;
        }
        if (kind === DELETES) {
            // The place is taken before the answer is here: nobody is deleted twice.
            patients[at] = patients[patients.length - 1];
            patients.length--;
            return socket.delete(patient);
        }
        if (MOVES.includes(kind)) return socket.change(patient, { bed: `M${number % 90}` });
        return socket.change(patient, kind % 2 ? { team: `Team ${number}` } : { acuity: (number % 5) + 1 });
    }

    /** Stops, waits for the answers, and says how many changes a second it were. */
    async stop(): Promise<number> {
        clearInterval(this.timer);
        const seconds = (performance.now() - this.began) / 1000;
        await Promise.all(this.open);
        return this.answered / seconds;
    }
}
