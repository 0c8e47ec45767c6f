import { Button, Group } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment, Conversation, Message, ThreadTurn } from "@/api/types";
import type { SaveStatus } from "@/lib/autosaver";

import { Turn } from "./Turn";
import { TurnEditor, type TurnEditorHandle } from "./TurnEditor";
import { blankTurn, isBlank, parseTurnText, TURNS_BETWEEN, type TurnText } from "./turnText";

/** Where turns go in, and whose they are: a system turn alone, or a question with its answer. */
export interface Insertion {
  readonly index: number;
  readonly roles: readonly Message["role"][];
}

const numberOf = (index: number, place: number): number => TURNS_BETWEEN + 2 * index + place;

/** Turns that keep the sides alternating before the turn at `index`. */
export function insertionBefore(messages: Conversation["messages"], index: number): Insertion {
  const first = messages[index]?.role === "assistant" ? "assistant" : "user";
  return { index, roles: [first, first === "user" ? "assistant" : "user"] };
}

export const SYSTEM_FIRST: Insertion = { index: 0, roles: ["system"] };

/** An insertion that was begun and neither saved nor given up. */
export function unfinishedInsertion(
  { autosaves }: Assignment,
  messages: Conversation["messages"],
): Insertion | null {
  for (const { turn, payload } of autosaves) {
    const text = turn >= TURNS_BETWEEN ? parseTurnText(payload) : null;
    if (text === null || isBlank(text)) continue;
    const index = Math.floor((turn - TURNS_BETWEEN) / 2);
    if (text.role === "system") return SYSTEM_FIRST;
    if (index < messages.length) return insertionBefore(messages, index);
  }
  return null;
}

interface Props {
  assignment: Assignment;
  version: number;
  insertion: Insertion;
  busy: boolean;
  maxCharacters?: number;
  onSave: (turns: ThreadTurn[]) => Promise<void>;
  onCancel: () => void;
  onStatus?: (status: SaveStatus) => void;
}

/** Writes turns that go in between others; they are saved together. */
export function TurnsInserter(props: Props) {
  const { assignment, insertion, busy } = props;
  const { t } = useTranslation();
  const editors = useRef<(TurnEditorHandle | null)[]>([]);
  const [sending, setSending] = useState(false);
  const [texts, setTexts] = useState<readonly TurnText[]>(insertion.roles.map(blankTurn));
  // The same ones at each render: an editor tells whoever listens anew of its words at once.
  const [take] = useState(() =>
    insertion.roles.map((_, place) => (text: TurnText) => setTexts((all) => all.with(place, text))),
  );

  /** Gone from the page once their turns are in the thread; what they kept has to go as well. */
  const open = () => editors.current.filter((editor) => editor !== null);
  const save = async () => {
    const written = open();
    setSending(true);
    try {
      await props.onSave(written.map((editor) => ({ ...editor.read() })));
      await Promise.all(written.map((editor) => editor.clear()));
    } catch {
      // The page tells why it was refused; the texts stay.
    } finally {
      setSending(false);
    }
  };
  return (
    <section aria-label={t("thread.inserting")}>
      {insertion.roles.map((role, place) => (
        <Turn key={place} role={role} content="" note={t("thread.new")}>
          <TurnEditor
            ref={(editor) => {
              editors.current[place] = editor;
            }}
            assignment={assignment.id}
            position={numberOf(insertion.index, place)}
            autosaves={assignment.autosaves}
            original={blankTurn(role)}
            roles={[role]}
            preview={false}
            sending={sending}
            version={props.version}
            maxCharacters={props.maxCharacters}
            label={t("thread.insertAs", { role: t(`roles.${role}`) })}
            focusAtOnce={place === 0}
            onStatus={props.onStatus}
            onChange={take[place]}
          />
        </Turn>
      ))}
      <Group justify="flex-end" mb="md">
        <Button
          variant="subtle"
          color="gray"
          onClick={() => {
            open().forEach((editor) => void editor.clear());
            props.onCancel();
          }}
        >
          {t("common.cancel")}
        </Button>
        <Button disabled={texts.some(isBlank)} loading={busy} onClick={() => void save()}>
          {t("common.save")}
        </Button>
      </Group>
    </section>
  );
}
