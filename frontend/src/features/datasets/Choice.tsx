import { Select } from "@mantine/core";

interface Props<Word extends string> {
  label: string;
  words: readonly Word[];
  word: Word;
  named: (word: Word) => string;
  onTake: (word: Word) => void;
}

/** One of a few words, each under its name. */
export function Choice<Word extends string>({ label, words, word, named, onTake }: Props<Word>) {
  return (
    <Select
      label={label}
      data={words.map((value) => ({ value, label: named(value) }))}
      value={word}
      allowDeselect={false}
      onChange={(value) => {
        const found = words.find((known) => known === value);
        if (found !== undefined) onTake(found);
      }}
    />
  );
}
