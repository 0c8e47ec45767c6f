import {
  DndContext,
  DragOverlay,
  MouseSensor,
  pointerWithin,
  rectIntersection,
  TouchSensor,
  useSensor,
  useSensors,
  type CollisionDetection,
  type DragEndEvent,
} from "@dnd-kit/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { insertAt, lineAt, placeInTier, unrank, type Order } from "./order";
import classes from "./Ranking.module.css";

interface Props {
  reorder: (change: (order: Order) => Order) => void;
  children: ReactNode;
}

/** Under the pointer first: a gap is too narrow for a rectangle to meet it alone. */
const underPointer: CollisionDetection = (args) => {
  const hits = pointerWithin(args);
  return hits.length > 0 ? hits : rectIntersection(args);
};

/** What a drop means for the order. */
function changeFor({ active, over }: DragEndEvent): ((order: Order) => Order) | null {
  if (over === null) return null;
  const label: unknown = active.data.current?.label;
  const gap: unknown = over.data.current?.gap;
  const tier: unknown = over.data.current?.tier;
  if (typeof label !== "string") {
    return typeof gap === "number" ? (order) => lineAt(order, gap) : null;
  }
  if (typeof gap === "number") return (order) => insertAt(order, label, gap);
  if (typeof tier === "number") return (order) => placeInTier(order, label, tier);
  return over.id === "tray" ? (order) => unrank(order, label) : null;
}

/** Dragging by mouse or finger. The keyboard has its own, quicker keys for the same moves. */
export function DragBoard({ reorder, children }: Props) {
  const { t } = useTranslation();
  const [dragged, setDragged] = useState<string | null>(null);
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 5 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 150, tolerance: 8 } }),
  );
  return (
    <DndContext
      accessibility={{
        screenReaderInstructions: { draggable: t("ranking.dragInstructions") },
        announcements: {
          onDragStart: ({ active }) => {
            const label: unknown = active.data.current?.label;
            return typeof label === "string" ? t("ranking.dragging", { label }) : undefined;
          },
          // The page reads out the new order itself, however it came about.
          onDragOver: () => undefined,
          onDragEnd: () => undefined,
          onDragCancel: () => undefined,
        },
      }}
      sensors={sensors}
      collisionDetection={underPointer}
      onDragStart={({ active }) => {
        const label: unknown = active.data.current?.label;
        setDragged(typeof label === "string" ? label : null);
      }}
      onDragCancel={() => setDragged(null)}
      onDragEnd={(event) => {
        setDragged(null);
        const change = changeFor(event);
        if (change !== null) reorder(change);
      }}
    >
      {children}
      <DragOverlay dropAnimation={null}>
        {dragged !== null && <div className={classes.overlay}>{dragged}</div>}
      </DragOverlay>
    </DndContext>
  );
}
