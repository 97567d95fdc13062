public import LeverCore
