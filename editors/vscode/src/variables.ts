/** Variables in settings that hold a path or a program, as VS Code's own settings have them. Knows no VS Code. */

export interface Folder {
    name: string;
    path: string;
}

export interface Surroundings {
    /** The folder that the setting is read for; none without an open folder. */
    folder: Folder | undefined;
    folders: readonly Folder[];
    home: string;
    env: Readonly<Record<string, string | undefined>>;
}

/** Replaces what is known; the rest stays as it is, so that it shows in messages. */
export function expand(text: string, around: Surroundings): string {
    const replaced = text.replace(/\$\{(\w+)(?::([^}]*))?\}/g, (whole, name: string, detail?: string) => {
        switch (name) {
            case "workspaceFolder":
            case "workspaceRoot": {
                const folder =
                    detail === undefined ? around.folder : around.folders.find(({ name }) => name === detail);
                return folder?.path ?? whole;
            }
            case "userHome":
                return around.home;
            case "env":
                return around.env[detail ?? ""] ?? "";
            default:
                return whole;
        }
    });
    return /^~(?=$|[/\\])/.test(replaced) ? around.home + replaced.slice(1) : replaced;
}
