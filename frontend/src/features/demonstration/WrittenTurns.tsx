import { memo, type ReactNode } from "react";

import type { Assignment, Conversation, Home, ThreadTurn } from "@/api/types";
import { EditableTurn } from "@/components/thread/EditableTurn";
import type { SaveStatus } from "@/lib/autosaver";

type Messages = Conversation["messages"];

interface Props {
  assignment: Assignment;
  messages: Messages;
  version: number;
  /** What the project allows, once it is known. */
  limits: Home["project"] | undefined;
  /** The turn that is being rewritten, by its place. */
  editing: number | null;
  /** Where turns go in, and what writes them. */
  insertingAt: number | null;
  inserter: ReactNode;
  busy: boolean;
  readOnly: boolean;
  onEdit: (index: number | null) => void;
  onInsertBefore: (index: number) => void;
  onRewrite: (turns: ThreadTurn[]) => Promise<void>;
  onStatus: (status: SaveStatus) => void;
}

/** The turns as they stand, to be put into a wanted thread. */
export const byId = (messages: Messages): ThreadTurn[] => messages.map(({ id }) => ({ id }));

/** The turns that are written already: each can be rewritten, taken away, and have others put before it. */
export const WrittenTurns = memo(function WrittenTurns(props: Props) {
  const { messages, limits, busy, onEdit, onInsertBefore, onRewrite } = props;
  const nTurns = messages.filter(({ role }) => role !== "system").length;
  return messages.map((message, index) => {
    const alone = index === messages.length - 1 || message.role === "system";
    const canInsert = message.role !== "system" && nTurns + 2 <= (limits?.max_turns ?? Infinity);
    return (
      <div key={message.id} inert={props.readOnly}>
        {props.insertingAt === index && props.inserter}
        <EditableTurn
          assignment={props.assignment}
          message={message}
          version={props.version}
          editing={props.editing === index}
          busy={busy}
          maxCharacters={limits?.max_turn_characters}
          onEdit={() => onEdit(index)}
          onCancel={() => onEdit(null)}
          onStatus={props.onStatus}
          onSave={(turn) => onRewrite(byId(messages).with(index, turn))}
          onInsertBefore={canInsert ? () => onInsertBefore(index) : undefined}
          deletesTwo={!alone}
          // A refused save is told by the page; there is nothing more to do about it here.
          onDelete={() =>
            void onRewrite(byId(messages).toSpliced(index, alone ? 1 : 2)).catch(() => undefined)
          }
        />
      </div>
    );
  });
});
