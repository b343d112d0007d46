import { type CommandIo, InputError, UsageError } from './command.ts';
import { commands, findCommand, loadCommand } from './commands.ts';

process.exitCode = await main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
});

async function main(args: readonly string[], io: CommandIo): Promise<number> {
  // A reader that went away (`weft … | head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3));
  if (args.length === 0 || isHelp(args[0])) {
    io.stdout.write(overview());
    return args.length === 0 ? 2 : 0;
  }
  if (args[0] === '--version') {
    const { version } = await import('../version.ts');
    io.stdout.write(`${version}\n`);
    return 0;
  }
  const found = findCommand(args);
  if (!found) return usage(io, `unknown command ${args.slice(0, 2).join(' ')}; weft --help lists them`);
  const module = await loadCommand(found.entry);
  if (ownArguments(found.rest).some(isHelp)) {
    io.stdout.write(`${module.help.trimEnd()}\n`);
    return 0;
  }
  try {
    return await module.run(found.rest, io);
  } catch (error) {
    return failure(found.entry.name, error, io);
  }
}

function failure(name: string, error: unknown, io: CommandIo): number {
  if (error instanceof UsageError) return usage(io, `${name}: ${error.message}`);
  if (error instanceof InputError) {
    io.stderr.write(`weft ${name}: ${error.message}\n`);
    return 3;
  }
  io.stderr.write(`weft ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  if (process.env.WEFT_DEBUG && error instanceof Error) io.stderr.write(`${error.stack}\n`);
  return 3;
}

function usage(io: CommandIo, message: string): number {
  io.stderr.write(`weft: ${message}\n`);
  return 2;
}

/** Those before `--`: the rest is for another program. */
function ownArguments(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return end < 0 ? args : args.slice(0, end);
}

function isHelp(argument: string | undefined): boolean {
  return argument === '--help' || argument === '-h' || argument === 'help';
}

function overview(): string {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(18)} ${summary}`);
  return `usage: weft <command> [options]\n\n${lines.join('\n')}\n\nweft <command> --help shows a command's options and an example.\n`;
}
